import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kpiTables } from './support/kpi-tables.ts';

test('docs/kpis.md says of every KPI what its definition says', () => {
  const text = readFileSync(new URL('../../../docs/kpis.md', import.meta.url), 'utf8');
  const [, table] = /<!-- kpis:begin -->\n([\s\S]*?)\n<!-- kpis:end -->/.exec(text) ?? [];
  expect(table).toBe(kpiTables());
});
