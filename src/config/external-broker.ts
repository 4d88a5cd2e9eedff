import * as z from 'zod';
import { duration } from './fields.ts';

const FILTER = /^(?:[^#+]*|(?:(?:[^#+/]*|\+)\/)*(?:#|\+|[^#+/]*))$/;

const filter = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => FILTER.test(text) && !text.startsWith('$'), {
    error: (issue) =>
      `"${String(issue.input)}" is no topic filter; write for example in/#, airrohr/+ or in/gateway-1/#, without $share: that is what share says`,
  });

/** A user or a password in it would stand in logs; they have keys of their own. */
const BROKER_URL = /^mqtts?:\/\/[^/@?#\s]+$/;

/** An MQTT broker of its own that devices publish to; the product is its consumer and listens to nobody then. */
export const externalBrokerSchema = z.strictObject({
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  url: z
    .string()
    .regex(
      BROKER_URL,
      'write mqtt://host:1883 or mqtts://host:8883; user and password are said by mqtt.external.username and mqtt.external.passwordEnv',
    ),
  /** 5, or 4 for MQTT 3.1.1. */
  version: z.union([z.literal(5), z.literal(4)]).default(5),
  /** Names the session that the broker keeps while the product is away; one for each running product. */
  clientId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'client ids are 1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
    .default('city-vitals'),
  /** What is subscribed to, at QoS 1. */
  topics: z.array(filter).min(1).max(100).default(['in/#']),
  /** Name of a shared subscription: several products with the same name share the messages. */
  share: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'names of shares are 1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
    .optional(),
  username: z.string().min(1).optional(),
  /** Environment variable with the password. */
  passwordEnv: z.string().min(1).optional(),
  /** File with the certificates that the broker's is checked against, beside those of the system. */
  caFile: z.string().min(1).optional(),
  /** How long the broker is to keep the session (MQTT 5). */
  sessionExpiry: duration('7d'),
  /** Messages that may be unacknowledged at once; a small number makes small commits. */
  receiveMax: z.int().min(1).max(65_535).default(1_000),
  /** Publishes KPI values to the broker, too. */
  publishKpis: z.boolean().default(true),
});

export type ExternalBrokerConfig = z.output<typeof externalBrokerSchema>;
