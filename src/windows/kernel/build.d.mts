/** The compiler's entry; undefined when it is not installed. NODE_PATH may lead to it. */
export function compilerPath(): string | undefined;
/** The text that kernel-bytes.ts has to have, made from the sources. */
export function compiledText(): Promise<string>;
