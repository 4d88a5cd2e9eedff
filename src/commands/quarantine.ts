import { type Command, InvalidArgumentError } from 'commander';
import { REJECT_REASONS, type RejectReason } from '../model/index.ts';
import { askServer, decodedAgain, follow, type OrderBody } from './orders.ts';
import { abortOnSignals, count, EXIT, reportFailure } from './publish-flags.ts';

interface Flags {
  readonly url: string;
  readonly reason?: RejectReason;
  readonly device?: string;
  readonly topic?: string;
  readonly limit: number;
  readonly before?: number;
  readonly json?: boolean;
}

interface Row {
  readonly sequence: number;
  readonly index: number;
  readonly receivedAt: string;
  readonly reason: string;
  readonly detail: string;
  readonly topic: string;
  readonly device: string;
}

const ROWS_MAX = 1_000;
const URL = ['--url <url>', 'where the server runs', 'http://127.0.0.1:8080'] as const;

/** Adds `vitals quarantine list` and `vitals quarantine replay`. */
export function quarantineCommand(program: Command): void {
  const quarantine = program.command('quarantine').description('messages and readings that were refused');
  quarantine
    .command('list')
    .description('show what was refused, newest first')
    .option(...URL)
    .option('--reason <reason>', `only of a reason: ${REJECT_REASONS.join(', ')}`, reason)
    .option('--device <id>', 'only of a device')
    .option('--limit <n>', 'rows to show', count(1, ROWS_MAX), 50)
    .option('--before <sequence>', 'go on before this record, as the page before says', count(0, 1e15))
    .option('--json', 'print JSON lines')
    .action((flags: Flags) => act(() => list(flags)));
  quarantine
    .command('replay')
    .description('decode the messages again of which something was refused, after a profile was mended')
    .option(...URL)
    .option('--reason <reason>', 'only of a reason', reason)
    .option('--device <id>', 'only of a device')
    .option('--topic <filter>', 'only of topics that match, such as tele/+/SENSOR')
    .action((flags: Flags) => act((signal) => replay(flags, signal)));
}

async function act(work: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const abort = abortOnSignals();
  try {
    process.exitCode = await work(abort.signal);
  } catch (error) {
    process.exitCode = reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

async function list(flags: Flags): Promise<number> {
  const { limit, before, reason: of, device, json } = flags;
  const query = { limit: String(limit), before: before === undefined ? undefined : String(before), reason: of, device };
  const page = await askServer<{ quarantine: Row[]; next: string | null }>(flags, 'GET', '/api/v1/quarantine', query);
  for (const row of page.quarantine) process.stdout.write(`${json === true ? JSON.stringify(row) : textOf(row)}\n`);
  if (page.next !== null) process.stderr.write(`older ones: --before ${page.next}\n`);
  return EXIT.ok;
}

async function replay(flags: Flags, signal: AbortSignal): Promise<number> {
  const { reason: of, device, topic } = flags;
  const query = { reason: of, device, topic };
  const { order } = await askServer<{ order: OrderBody }>(flags, 'POST', '/api/v1/quarantine/replay', query);
  return (await follow(flags, order, signal, decodedAgain)) ? EXIT.ok : EXIT.failed;
}

/** Texts come from outside: what a terminal would obey is told as it would be in JSON. */
function textOf({ sequence, index, receivedAt, reason: of, topic, device, detail }: Row): string {
  const place = index < 0 ? String(sequence) : `${sequence}.${index}`;
  return `${place} ${receivedAt} ${of} ${JSON.stringify(topic)} ${JSON.stringify(device)} ${JSON.stringify(detail)}`;
}

/** commander parser. */
function reason(text: string): RejectReason {
  const known = REJECT_REASONS.find((one) => one === text);
  if (known === undefined) throw new InvalidArgumentError(`write one of ${REJECT_REASONS.join(', ')}`);
  return known;
}
