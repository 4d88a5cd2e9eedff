import type { Command } from 'commander';
import { OperatingError } from '../base/index.ts';
import type { ReportResult } from '../workers/index.ts';
import { orderAndFollow, type Told } from './orders.ts';

interface Flags {
  readonly url: string;
  readonly zone?: string;
  readonly day?: string;
  readonly month?: string;
  readonly year?: string;
}

/** What a flag takes. */
const FORMS = {
  day: { form: /^\d{4}-\d\d-\d\d$/, example: '2026-03-01' },
  month: { form: /^\d{4}-\d\d$/, example: '2026-03' },
  year: { form: /^\d{4}$/, example: '2026' },
} as const;

/** Adds `vitals report`: the KPI values of a local day, month or year. */
export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('write the KPI values of a local day, month or year of a zone as HTML and CSV into the data folder')
    .option('--zone <id>', 'which zone (default: the city)')
    .option('--day <date>', 'local day of the city, such as 2026-03-01')
    .option('--month <month>', 'such as 2026-03')
    .option('--year <year>', 'such as 2026')
    .option('--url <url>', 'where the server runs', 'http://127.0.0.1:8080')
    .addHelpText(
      'after',
      '\nThe running server makes the report, beside its work, and also serves it at /api/v1/reports. One of the same zone and\n' +
        'period is replaced. Where the server asks for a login, VITALS_TOKEN is the token of an operator.\n\n' +
        'Exit codes: 0 done, 1 refused or failed.',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags);
    });
}

function run(flags: Flags): Promise<number> {
  return orderAndFollow(flags, '/api/v1/reports', () => ({ zone: flags.zone, period: periodOf(flags) }), MADE);
}

/** @throws OperatingError `period_invalid` */
function periodOf(flags: Flags): string {
  const given = (['day', 'month', 'year'] as const).filter((key) => flags[key] !== undefined);
  const [key] = given;
  if (key === undefined || given.length > 1) {
    const said = given.length === 0 ? 'none' : given.map((each) => `--${each}`).join(' and ');
    throw new OperatingError(
      'period_invalid',
      `cannot report: one of --day, --month and --year is needed, not ${said}`,
    );
  }
  const { form, example } = FORMS[key];
  const text = flags[key]!;
  if (form.test(text)) return text;
  throw new OperatingError('period_invalid', `cannot use --${key} ${JSON.stringify(text)}: write it as ${example}`);
}

const MADE: Told<ReportResult> = {
  text: ({ html, csv, values, isFinal }) => `${values} values, ${isFinal ? 'final' : 'provisional'}\n${html}\n${csv}`,
};
