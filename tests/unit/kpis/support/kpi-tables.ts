import { KPI_DEFINITIONS } from '../../../../src/kpis/index.ts';

/** The tables of docs/kpis.md, between its marks, as the definitions have them. */
export function kpiTables(): string {
  const rows = KPI_DEFINITIONS.map(({ id, title, code, unitLabel, window, method, completeness, source }) => {
    const named = code === '' ? title : `${title} (${code})`;
    return `| \`${id}\` | ${named} | ${unitLabel} | \`${window}\` | ${method} | ${completeness} | ${source} |`;
  });
  const rules = Map.groupBy(KPI_DEFINITIONS, ({ spatial }) => spatial.text);
  return [
    '| id | title (U4SSC code) | unit | window | how | valid with | source |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    'How zones and the city are made:',
    ...Array.from(rules, ([text, kpis]) => `- ${text}: ${kpis.map(({ id }) => `\`${id}\``).join(', ')}`),
  ].join('\n');
}
