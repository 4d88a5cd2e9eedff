import { type Command, InvalidArgumentError } from 'commander';
import { AUDIT_KINDS, type AuditKind, type AuditLine, readAudit } from '../identity/index.ts';
import { count } from './publish-flags.ts';

interface Flags {
  readonly data: string;
  readonly limit: number;
  readonly kind: readonly AuditKind[];
  readonly json?: boolean;
}

/** Adds `vitals audit`: who logged in, who was refused, what was changed. */
export function auditCommand(program: Command): void {
  program
    .command('audit')
    .description('show who logged in, who was refused and what was changed, newest last')
    .option('--data <folder>', 'data folder', 'data')
    .option('--limit <n>', 'lines to show', count(1, 1_000_000), 50)
    .option('--kind <kind>', `only of a kind (repeatable): ${AUDIT_KINDS.join(', ')}`, collectKind, [])
    .option('--json', 'print JSON lines')
    .action(({ data, limit, kind, json }: Flags) => {
      const lines = readAudit(data, { limit, ...(kind.length > 0 ? { kinds: kind } : {}) });
      const print = json === true ? (line: AuditLine) => JSON.stringify(line) : textOf;
      for (const line of lines) process.stdout.write(`${print(line)}\n`);
      if (lines.length === 0) process.stderr.write(`nothing was found in ${data}\n`);
    });
}

/** commander parser: collects a repeated kind. */
function collectKind(value: string, before: readonly AuditKind[]): AuditKind[] {
  const kind = AUDIT_KINDS.find((known) => known === value);
  if (kind === undefined) throw new InvalidArgumentError(`write one of ${AUDIT_KINDS.join(', ')}`);
  return [...before, kind];
}

/** Names and causes come from outside: what a terminal would obey is told as it would be in JSON. */
function textOf({ at, kind, who, by, address, cause, count: times }: AuditLine): string {
  const parts = [at, kind.padEnd(16), who === '' ? '-' : quoted(who), `${by}${address ? ` from ${address}` : ''}`];
  if (times !== undefined) parts.push(`${times} times`);
  if (cause !== undefined) parts.push(`: ${quoted(cause)}`);
  return parts.join(' ').replace(' : ', ': ');
}

function quoted(text: string): string {
  return /[\p{C}\u2028\u2029]/u.test(text) ? JSON.stringify(text).replace(/\p{C}/gu, '?') : text;
}
