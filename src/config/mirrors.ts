import * as z from 'zod';
import { duration } from './fields.ts';

/** A duration as text, ms when read, or for ever. */
const keepFor = (text: string) =>
  z
    .union([z.literal('forever').transform(() => Number.POSITIVE_INFINITY), duration(text)])
    .refine((ms) => ms >= 3_600_000, 'write 1h or more: the stores take no less')
    .prefault(text);

/** A user or a password in it would stand in logs; they have keys of their own. */
function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && search === '' && hash === '';
}

/** What every mirror has. */
const common = {
  /** Names its cursor in the data folder, and its metrics. */
  name: z.string().regex(/^[a-z0-9-]{1,32}$/, 'names of stores are 1 to 32 of a-z, 0-9 and "-"'),
  url: z.string().refine(isPlainUrl, 'write http://host:8086 or https://host/path, without user, password and query'),
  /** How long rows of a level are kept there, where the store keeps levels apart. */
  keep: z
    .strictObject({
      raw: keepFor('30d'),
      quarter: keepFor('730d'),
      hour: keepFor('forever'),
      kpi: keepFor('forever'),
    })
    .prefault({}),
  /** Without an answer for so long, a request counts as lost. */
  timeout: duration('30s').refine((ms) => ms >= 1_000 && ms <= 600_000, 'write 1s to 10m'),
};

const influx1Schema = z.strictObject({
  kind: z.literal('influx1'),
  ...common,
  database: z.string().min(1).max(64).default('vitals'),
  username: z.string().min(1).optional(),
  /** Environment variable with the password. */
  passwordEnv: z.string().min(1).optional(),
});

const influx2Schema = z.strictObject({
  kind: z.literal('influx2'),
  ...common,
  org: z.string().default(''),
  bucket: z.string().min(1).max(64).default('vitals'),
  /** Each level in a bucket of its own, `<bucket>/<level>`, with a retention of its own. */
  bucketPerLevel: z.boolean().default(false),
  /** Environment variable with the token. */
  tokenEnv: z.string().min(1).optional(),
  /** Whether the server answers InfluxQL at `/query`. */
  query: z.enum(['influxql', 'none']).default('none'),
});

/** A store beside the embedded one, which is told everything. */
export const mirrorSchema = z.discriminatedUnion('kind', [influx1Schema, influx2Schema]);

export type MirrorConfig = z.output<typeof mirrorSchema>;

/** Names one secret of a mirror among those of the configuration; no user of MQTT has a name with a slash. */
export function mirrorSecret(name: string): string {
  return `stores/${name}`;
}

/** The environment variable that a mirror's secret stands in. */
export function mirrorSecretEnv(mirror: MirrorConfig): string | undefined {
  return mirror.kind === 'influx1' ? mirror.passwordEnv : mirror.tokenEnv;
}

export function checkMirrors(mirrors: readonly MirrorConfig[]): string[] {
  const names = mirrors.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
  const withPath = mirrors.filter(({ kind, url }) => kind === 'influx1' && new URL(url).pathname !== '/');
  return [
    ...twice.map((name) => `stores: the name "${name}" stands twice; each has a cursor of its own`),
    ...withPath.map(({ name, url }) => `stores: "${name}" has the url ${url}; influx1 takes none with a path`),
  ];
}
