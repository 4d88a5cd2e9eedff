import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { OperatingError } from '../base/index.ts';

/** OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB and two passes. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const NONCE_BYTES = 16;
/** Each takes memory and a thread: a flood of logins waits, and beyond that is turned away. */
const AT_ONCE_MAX = 2;
const WAITING_MAX = 20;

export const PASSWORD_CHARACTERS_MIN = 12;
const PASSWORD_CHARACTERS_MAX = 256;

/** A string form of the PHC, so that parameters can be raised later: `$argon2id$v=19$m=..,t=..,p=..$nonce$tag`. */
const FORM = /^\$argon2id\$v=19\$m=(\d{4,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{22,86})$/;

export function isPasswordHash(text: string): boolean {
  return FORM.test(text);
}

/** Why a password cannot be taken, or undefined. Length is what counts (NIST SP 800-63B, 5.1.1). */
export function passwordProblem(password: string): string | undefined {
  const { length } = [...password];
  if (length < PASSWORD_CHARACTERS_MIN)
    return `it has ${length} characters; at least ${PASSWORD_CHARACTERS_MIN} are needed`;
  if (length > PASSWORD_CHARACTERS_MAX)
    return `it has ${length} characters; at most ${PASSWORD_CHARACTERS_MAX} are taken`;
  return new Set(password).size < 5 ? 'it is made of fewer than 5 different characters' : undefined;
}

export async function hashOfPassword(password: string): Promise<string> {
  const nonce = randomBytes(NONCE_BYTES);
  const tag = await derived({ ...COST, nonce, message: normalised(password) });
  const { memory, passes, parallelism } = COST;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
}

/** A hash that no password has, of the same cost: for users that there are not. */
const NOBODY = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * Whether the password has this hash; takes as long when there is no hash to compare with.
 *
 * @throws OperatingError `busy` when too many wait already
 */
export async function isPasswordOf(hash: string | undefined, password: string): Promise<boolean> {
  const [, memory, passes, parallelism, nonce = '', tag = ''] = FORM.exec(hash ?? NOBODY) ?? FORM.exec(NOBODY)!;
  const kept = Buffer.from(tag, 'base64');
  const found = await derived({
    message: normalised(password.slice(0, PASSWORD_CHARACTERS_MAX)),
    nonce: Buffer.from(nonce, 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: kept.length,
  });
  return timingSafeEqual(found, kept) && hash !== undefined;
}

/** The same password typed on another keyboard is the same one. */
function normalised(password: string): string {
  return password.normalize('NFKC');
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

const waiting: (() => void)[] = [];
let running = 0;

async function derived(parameters: Argon2Parameters): Promise<Buffer> {
  if (running >= AT_ONCE_MAX) {
    if (waiting.length >= WAITING_MAX)
      throw new OperatingError('busy', 'cannot check a password now: too many are being checked', { retryable: true });
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  running++;
  try {
    return await new Promise((resolve, reject) => {
      argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)));
    });
  } finally {
    running--;
    waiting.shift()?.();
  }
}
