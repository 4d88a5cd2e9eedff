import { OperatingError } from '../base/index.ts';

/** A JSON value as text. @throws OperatingError `job_not_json` */
export function jsonOf(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new OperatingError('job_not_json', `cannot keep the ${what}: ${(cause as Error).message}`, { cause });
  }
  if (text === undefined)
    throw new OperatingError('job_not_json', `cannot keep the ${what}: ${typeof value} is no JSON value`);
  return text;
}

/** What a handler threw, as one line. */
export function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ');
}
