/** ms UTC as ISO 8601 text with milliseconds and `Z`. */
export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
