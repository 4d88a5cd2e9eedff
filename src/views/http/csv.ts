/** True when a client would rather have `text/csv` than JSON, by the weights of its Accept header (RFC 9110 12.5.1). */
export function prefersCsv(accept: string | undefined): boolean {
  const ranges = (accept ?? '').toLowerCase().split(',').slice(0, 20).map(readRange);
  const csv = weight(ranges, ['text/csv']);
  return csv > 0 && csv >= weight(ranges, ['application/json', 'application/*', '*/*']);
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  return { type, weight: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
}

function weight(ranges: readonly Range[], types: readonly string[]): number {
  return Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map((range) => range.weight));
}
