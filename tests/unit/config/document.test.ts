import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CITY_FACTS } from '../../../src/model/index.ts';

/** The table of facts as docs/configuration.md shows it. */
function factTable(): string {
  const rows = Array.from(CITY_FACTS.values(), ({ id, title, unit, kind, max, neededBy, fallback }) => {
    const assumed = fallback === undefined ? '' : `; ${fallback} where it is not told`;
    return `| ${title}${assumed} | \`${id}\` | \`${unit}\` | ${kind} | 0 to ${max} | ${neededBy.join(', ')} |`;
  });
  return ['| what it is | fact | unit | kind | range | needed by |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

test('docs/configuration.md lists every fact that a city can be asked for', () => {
  const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const [, table] = /<!-- facts:begin -->\n([\s\S]*?)\n<!-- facts:end -->/.exec(text) ?? [];
  expect(table).toBe(factTable());
});
