import * as z from 'zod';
import { IDENTITY_NAME } from './devices.ts';
import { isPasswordHash } from './passwords.ts';

/** What people may do; each may what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const name = z.string().regex(IDENTITY_NAME, 'write 1 to 64 of A-Z, a-z, 0-9, "_" and "-"');
const role = z.enum(ROLES, `write ${ROLES.join(', ')}`);

export const userRecordSchema = z.strictObject({
  name,
  role,
  passwordHash: z.string().refine(isPasswordHash, 'an Argon2id hash is expected'),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
});

export const tokenRecordSchema = z.strictObject({
  /** Part of the token, so that it is found; no secret. */
  id: z.string().regex(/^[A-Za-z0-9_-]{8}$/),
  user: name,
  label: z.string().max(100),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAtMs: z.number(),
  expiresAtMs: z.number().optional(),
});

export const userFileSchema = z.strictObject({
  format: z.literal(1),
  users: z.array(userRecordSchema).max(10_000),
  tokens: z.array(tokenRecordSchema).max(10_000),
});

export type UserRecord = z.output<typeof userRecordSchema>;
export type TokenRecord = z.output<typeof tokenRecordSchema>;
export type UserFile = z.output<typeof userFileSchema>;

/** Somebody who has logged in. */
export interface Person {
  readonly name: string;
  readonly role: Role;
}

/** Users of the API as they are now. */
export interface UserDirectory {
  readonly count: number;
  readonly hasAdmin: boolean;
  /** Takes as long for an unknown name as for a wrong password. @throws OperatingError `busy` */
  byPassword(name: string, password: string): Promise<Person | undefined>;
  byToken(token: string): Person | undefined;
  /** Makes the first admin. @throws OperatingError `user_invalid`, `user_exists` when there is an admin already */
  addFirstAdmin(name: string, password: string): Promise<void>;
  /** Calls when something was changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
  close(): void;
}
