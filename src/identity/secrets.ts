import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 24;
const NOTHING = createHash('sha256').update('').digest();

/** A secret of 192 random bits in 32 characters that need no quoting anywhere. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/**
 * What is kept of a secret: enough to recognise it, nothing to log in with. A fast hash is right for secrets that a
 * machine made, because they cannot be guessed; a slow one would let few devices in after an outage.
 */
export function hashOfSecret(secret: string | Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether the secret has this hash; takes as long whatever the answer is, and when there is no hash to compare with. */
export function isSecretOf(hash: string | undefined, secret: string | Uint8Array | undefined): boolean {
  const given = createHash('sha256')
    .update(secret ?? '')
    .digest();
  const kept = hash === undefined ? NOTHING : Buffer.from(hash, 'hex');
  const isEqual = timingSafeEqual(given, kept.length === given.length ? kept : NOTHING);
  return isEqual && hash !== undefined && secret !== undefined && secret.length > 0;
}
