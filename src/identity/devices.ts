import * as z from 'zod';

/** Names that are client ids, user names and levels of topics at once: nothing in them means something there. */
export const IDENTITY_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const NAME_RULE = '1 to 64 of A-Z, a-z, 0-9, "_" and "-"';

const name = z.string().regex(IDENTITY_NAME, `write ${NAME_RULE}`);
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 hash in hexadecimal is expected');

/** A device or gateway as the registry keeps it. */
export const deviceRecordSchema = z.strictObject({
  /** User name and client id of its connection. */
  id: name,
  kind: z.enum(['device', 'gateway']),
  /** Device profile whose topics it may publish to, with its id in the place of the device. */
  profile: z.string().max(64).optional(),
  /** Topic filters that it may publish to besides. */
  topics: z.array(z.string().min(1).max(256)).max(100).default([]),
  /** Of a gateway: the devices that it speaks for. */
  devices: z.array(name).max(10_000).default([]),
  secretHash: hash.optional(),
  /** The secret before, while it is still good. */
  oldSecret: z.strictObject({ hash, untilMs: z.number() }).optional(),
  /** What its certificate says it is. */
  certificate: z.string().min(1).max(256).optional(),
  note: z.string().max(500).optional(),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
  revokedAtMs: z.number().optional(),
});

export const deviceFileSchema = z.strictObject({
  format: z.literal(1),
  devices: z.array(deviceRecordSchema).max(200_000),
});

export type DeviceRecord = z.output<typeof deviceRecordSchema>;

/** A record that somebody has proved to be, and by what. */
export interface ProvenDevice {
  readonly record: DeviceRecord;
  /** Hash of the secret or name of the certificate: what must still hold when the registry changes. */
  readonly proof: string;
}

/** The registry as it is now; changes made by other processes are seen while it is open. */
export interface DeviceDirectory {
  /** Records, the revoked ones too. */
  readonly count: number;
  /** The record of an id, also when it was revoked. */
  find(id: string): DeviceRecord | undefined;
  /** Takes as long for an unknown id as for a wrong secret. */
  bySecret(id: string, secret: Uint8Array | undefined): ProvenDevice | undefined;
  /** By a secret alone, where a client cannot say a name. */
  byToken(secret: string): ProvenDevice | undefined;
  byCertificate(certificate: string): ProvenDevice | undefined;
  /** The newest record, if what was proved is still good. */
  renewed(proven: ProvenDevice): ProvenDevice | undefined;
  /** Calls when something was changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
  close(): void;
}
