/*
 * Line protocol has no way to write a control character in a tag, nor a backslash at its end, and its speakers do not
 * agree on other backslashes: all are written as %5C, %0A and so on, and a % that could be taken for such a code as %25.
 * So every text has one spelling, and no two texts have the same one.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be written
const CODED = /[\u0000-\u001f\u007f\\]|%(?=[0-9A-Fa-f]{2})/g;
const SEPARATORS = /[,= ]/g;

/** A tag's value without what line protocol cannot say; as queries name it. */
export function tagText(text: string): string {
  return text.replace(CODED, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** Tags behind a measurement, sorted by key as the store sorts them; a tag without a value is left out. */
export function tagSet(tags: Readonly<Record<string, string>>): string {
  return Object.keys(tags)
    .sort()
    .filter((key) => tags[key] !== '')
    .map((key) => `,${key}=${tagText(tags[key]!).replace(SEPARATORS, (char) => `\\${char}`)}`)
    .join('');
}
