import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { OperatingError, systemClock } from '../base/index.ts';
import {
  type AuditKind,
  addToken,
  addUser,
  appendAudit,
  listUsers,
  newSecret,
  ROLES,
  type Role,
  removeToken,
  removeUser,
  setPassword,
} from '../identity/index.ts';
import { duration, EXIT, operator, report } from './publish-flags.ts';

interface Flags {
  readonly data: string;
}

interface PasswordFlags extends Flags {
  readonly passwordStdin?: boolean;
}

interface TokenFlags extends Flags {
  readonly label: string;
  readonly expires?: number;
  readonly remove?: string;
}

/** Adds `vitals users`: people and programs that use the API. A running server sees each change within a second. */
export function usersCommand(program: Command): void {
  const users = program.command('users').description('people and programs that may use the API and the page');
  withPassword(
    users
      .command('add')
      .description('a new user; without --password-stdin a password is made and shown this once')
      .argument('<name>', '1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
      .addOption(new Option('--role <role>', 'what the user may do').choices(ROLES).default('viewer')),
  ).action((name: string, flags: PasswordFlags & { role: Role }) => report(() => add(name, flags)));
  withPassword(users.command('password').description('another password for a user').argument('<name>')).action(
    (name: string, flags: PasswordFlags) => report(() => password(name, flags)),
  );
  withData(users.command('list').description('all users with their roles and tokens')).action((flags: Flags) =>
    report(() => list(flags)),
  );
  withData(users.command('remove').description('a user, with its tokens').argument('<name>')).action(
    (name: string, flags: Flags) => report(() => remove(name, flags)),
  );
  withData(
    users
      .command('token')
      .description('a token with the rights of a user, for a program; it is shown this once')
      .argument('<name>', 'name of the user')
      .option('--label <text>', 'what it is for', '')
      .option('--expires <duration>', 'it is good for so long, such as 90d; always when absent', duration)
      .option('--remove <id>', 'removes the token of this id instead'),
  ).action((name: string, flags: TokenFlags) => report(() => token(name, flags)));
}

function withData(command: Command): Command {
  return command.option('--data <folder>', 'data folder of the server', 'data');
}

function withPassword(command: Command): Command {
  return withData(command).option('--password-stdin', 'read the password from standard input');
}

async function add(name: string, flags: PasswordFlags & { role: Role }): Promise<number> {
  const made = await passwordFor(flags);
  await addUser(flags.data, { name, role: flags.role, password: made.password }, systemClock.nowMs());
  tell(flags, 'user_added', name, flags.role);
  process.stdout.write(`${name}  ${flags.role}\n${made.shown}`);
  return EXIT.ok;
}

async function password(name: string, flags: PasswordFlags): Promise<number> {
  const made = await passwordFor(flags);
  await setPassword(flags.data, name, made.password, systemClock.nowMs());
  tell(flags, 'user_changed', name, 'password');
  process.stdout.write(made.shown);
  return EXIT.ok;
}

async function passwordFor({ passwordStdin }: PasswordFlags): Promise<{ password: string; shown: string }> {
  if (passwordStdin === true) return { password: (await text(process.stdin)).replace(/\r?\n$/, ''), shown: '' };
  const made = newSecret();
  return { password: made, shown: `password  ${made}\n` };
}

async function remove(name: string, flags: Flags): Promise<number> {
  await removeUser(flags.data, name);
  tell(flags, 'user_removed', name);
  return EXIT.ok;
}

async function token(name: string, flags: TokenFlags): Promise<number> {
  if (flags.remove !== undefined) {
    checkOwner(name, flags.remove, flags.data);
    await removeToken(flags.data, flags.remove);
    tell(flags, 'token_removed', name, flags.remove);
    return EXIT.ok;
  }
  const { label, expires: validMs } = flags;
  const { record, text: shown } = await addToken(flags.data, { user: name, label, validMs }, systemClock.nowMs());
  tell(flags, 'token_added', name, record.id);
  process.stdout.write(`${shown}\n`);
  process.stderr.write(`The token ${record.id} is kept nowhere: give it to the program now.\n`);
  return EXIT.ok;
}

/** Ids are never used again, so whose token it is does not change before it is removed. */
function checkOwner(name: string, id: string, dataFolder: string): void {
  const owner = listUsers(dataFolder).tokens.find((one) => one.id === id)?.user;
  if (owner === undefined || owner === name) return;
  throw new OperatingError('token_unknown', `cannot remove the token "${id}" of "${name}": it is one of "${owner}"`);
}

async function list({ data }: Flags): Promise<number> {
  const { users, tokens } = listUsers(data);
  for (const { name, role } of users) {
    process.stdout.write(`${name.padEnd(24)}  ${role}\n`);
    for (const { id, label, expiresAtMs } of tokens.filter(({ user }) => user === name)) {
      const end = expiresAtMs === undefined ? '' : `  until ${Temporal.Instant.fromEpochMilliseconds(expiresAtMs)}`;
      process.stdout.write(`  token ${id}  ${JSON.stringify(label)}${end}\n`);
    }
  }
  if (users.length === 0) process.stderr.write(`no user is in ${data}; "vitals users add" makes one\n`);
  return EXIT.ok;
}

function tell({ data }: Flags, kind: AuditKind, who: string, cause?: string): void {
  appendAudit(data, { kind, who, by: operator(), cause }, systemClock.nowMs());
}
