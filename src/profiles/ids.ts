import { rememberTexts } from '../base/index.ts';

/** Ids of devices and channels: what may stand in URLs, topics, line protocol and file names without trouble. */
const ID = /^[A-Za-z0-9_.:@/-]{1,128}$/;

/** Ids repeat with every message. */
const IDS_MAX = 20_000;

export const isId: (id: string) => boolean = rememberTexts((id) => ID.test(id), IDS_MAX);

/** Why an id is refused. */
export function idDetail(id: string): string {
  return `the id ${JSON.stringify(id.slice(0, 40))} (${id.length} characters) is not allowed; allowed are 1 to 128 of A-Z a-z 0-9 _ . : @ / -`;
}
