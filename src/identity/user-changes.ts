import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { OperatingError } from '../base/index.ts';
import { IDENTITY_NAME } from './devices.ts';
import { hashOfPassword, passwordProblem } from './passwords.ts';
import { readRecords, whileLocked, writeRecords } from './record-file.ts';
import { hashOfSecret, newSecret } from './secrets.ts';
import { type Role, type TokenRecord, type UserFile, type UserRecord, userFileSchema } from './users.ts';

/** Begins every token, so that one that was published by mistake is found. */
export const TOKEN_PREFIX = 'vitals_';
const TOKEN_ID_BYTES = 6;

/** Path of the users in a data folder. */
export function userFile(dataFolder: string): string {
  return join(dataFolder, 'users.json');
}

/** Users and tokens as they stand. @throws OperatingError `records_damaged` */
export function listUsers(dataFolder: string): UserFile {
  return readRecords(userFile(dataFolder), userFileSchema) ?? { format: 1, users: [], tokens: [] };
}

/**
 * Adds a user. @throws OperatingError `user_exists`, `user_invalid`
 *
 * @param onlyFirst refuses when there is an admin already
 */
export async function addUser(
  dataFolder: string,
  user: { readonly name: string; readonly role: Role; readonly password: string; readonly onlyFirst?: boolean },
  nowMs: number,
): Promise<void> {
  const { name, role, password, onlyFirst = false } = user;
  if (!IDENTITY_NAME.test(name)) throw invalid(name, 'names are 1 to 64 of A-Z, a-z, 0-9, "_" and "-"');
  const passwordHash = await checkedHash(name, password);
  await changed(dataFolder, ({ users }) => {
    if (users.some((one) => one.name === name) || (onlyFirst && users.some((one) => one.role === 'admin')))
      throw new OperatingError('user_exists', `cannot add the user "${name}": there is one already`);
    users.push({ name, role, passwordHash, createdAtMs: nowMs, changedAtMs: nowMs });
  });
}

/** Gives a user another password. @throws OperatingError `user_unknown`, `user_invalid` */
export async function setPassword(dataFolder: string, name: string, password: string, nowMs: number): Promise<void> {
  const passwordHash = await checkedHash(name, password);
  await changed(dataFolder, ({ users }) => {
    const user = found(users, name);
    users[users.indexOf(user)] = { ...user, passwordHash, changedAtMs: nowMs };
  });
}

/** Removes a user and its tokens. @throws OperatingError `user_unknown` */
export async function removeUser(dataFolder: string, name: string): Promise<void> {
  await changed(dataFolder, ({ users, tokens }) => {
    users.splice(users.indexOf(found(users, name)), 1);
    tokens.splice(0, tokens.length, ...tokens.filter(({ user }) => user !== name));
  });
}

/**
 * Makes a token with the rights of a user.
 *
 * @returns its text, which nobody will be told again
 * @throws OperatingError `user_unknown`
 */
export async function addToken(
  dataFolder: string,
  token: { readonly user: string; readonly label: string; readonly validMs: number | undefined },
  nowMs: number,
): Promise<{ readonly record: TokenRecord; readonly text: string }> {
  const id = randomBytes(TOKEN_ID_BYTES).toString('base64url');
  const secret = newSecret();
  const record: TokenRecord = {
    id,
    user: token.user,
    label: token.label.slice(0, 100),
    hash: hashOfSecret(secret),
    createdAtMs: nowMs,
    ...(token.validMs === undefined ? {} : { expiresAtMs: nowMs + token.validMs }),
  };
  await changed(dataFolder, ({ users, tokens }) => {
    found(users, token.user);
    tokens.push(record);
  });
  return { record, text: `${TOKEN_PREFIX}${id}${secret}` };
}

/** @throws OperatingError `token_unknown` */
export async function removeToken(dataFolder: string, id: string): Promise<TokenRecord> {
  return await changed(dataFolder, ({ tokens }) => {
    const at = tokens.findIndex((token) => token.id === id);
    if (at < 0) throw new OperatingError('token_unknown', `cannot remove the token "${id}": there is none of that id`);
    return tokens.splice(at, 1)[0]!;
  });
}

/** Parts of a token's text; undefined when it has another form. */
export function partsOfToken(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = /^vitals_([A-Za-z0-9_-]{8})([A-Za-z0-9_-]{32})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

async function checkedHash(name: string, password: string): Promise<string> {
  const problem = passwordProblem(password);
  if (problem !== undefined) throw invalid(name, `the password cannot be taken: ${problem}`);
  return await hashOfPassword(password);
}

interface Changing {
  readonly users: UserRecord[];
  readonly tokens: TokenRecord[];
}

function changed<T>(dataFolder: string, change: (file: Changing) => T): Promise<T> {
  const file = userFile(dataFolder);
  return whileLocked(file, () => {
    const { users, tokens } = listUsers(dataFolder);
    const changing = { users: [...users], tokens: [...tokens] };
    const result = change(changing);
    writeRecords(file, { format: 1, ...changing });
    return result;
  });
}

function found(users: readonly UserRecord[], name: string): UserRecord {
  const user = users.find((one) => one.name === name);
  if (user !== undefined) return user;
  const known = users.map((one) => one.name).join(', ') || 'none';
  throw new OperatingError('user_unknown', `cannot find the user "${name}": there are ${known}`);
}

function invalid(name: string, because: string): OperatingError {
  return new OperatingError('user_invalid', `cannot use the user "${name}": ${because}`);
}
