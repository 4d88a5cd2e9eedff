import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { OperatingError } from '../base/index.ts';
import { JOBS_REDIS } from './jobs.ts';
import { JOURNAL_REDIS } from './journal.ts';
import { mirrorSecret, mirrorSecretEnv } from './mirrors.ts';
import { ownTargets } from './own-kpis.ts';
import { type CityConfig, checkRelations, citySchema } from './schema.ts';

/** Settings of a run that are not the city's: where its data lies. */
export interface Config extends CityConfig {
  /** Absolute path of the data folder: journal, store, snapshots, lock. */
  readonly dataFolder: string;
  /** Absolute path of the file that was read. */
  readonly file: string;
  /** Secrets of `mqtt.users`, by user name. */
  readonly secrets: ReadonlyMap<string, string>;
}

export interface LoadOptions {
  readonly file: string;
  readonly dataFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `key.path=value` lines that override the file, from the command line. */
  readonly set?: readonly string[];
}

/**
 * Reads city.yaml, lays `VITALS_...` environment variables (`VITALS_MQTT_PORT=1884`) and `--set` lines over it,
 * and checks everything.
 *
 * @throws OperatingError `config_invalid`, its message naming each key, the value seen and what is allowed
 */
export function loadConfig(options: LoadOptions): Config {
  const file = resolve(options.file);
  const tree = readYaml(file);
  for (const [path, value] of overrides(options)) setPath(tree, path, value);
  const parsed = citySchema.safeParse(tree);
  if (!parsed.success) throw invalid(file, z.prettifyError(parsed.error));
  const problems = checkRelations(parsed.data);
  if (problems.length > 0) throw invalid(file, problems.map((line) => `✖ ${line}`).join('\n'));
  return Object.freeze({
    ...parsed.data,
    targets: { ...ownTargets(parsed.data.kpis), ...parsed.data.targets },
    file,
    dataFolder: resolve(options.dataFolder),
    secrets: readSecrets(file, parsed.data, options.environment),
  });
}

function readYaml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatingError('config_invalid', `cannot read the configuration ${file}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) throw invalid(file, problem.message);
  const tree: unknown = document.toJS();
  if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) {
    throw invalid(file, 'a map of keys is expected, such as "city: {id: …}"');
  }
  return tree as Record<string, unknown>;
}

/** The sections and keys that the environment can reach: two levels, which is all that a container needs. */
function* overrides(options: LoadOptions): Iterable<readonly [readonly string[], unknown]> {
  for (const [section, schema] of Object.entries(citySchema.shape)) {
    for (const key of keysOf(schema)) {
      const name = `VITALS_${section}_${key}`.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
      const text = options.environment[name];
      if (text !== undefined) yield [[section, key], scalar(text)];
    }
  }
  for (const line of options.set ?? []) {
    const at = line.indexOf('=');
    if (at < 1) throw new OperatingError('config_invalid', `cannot use --set ${line}: write key.path=value`);
    yield [line.slice(0, at).split('.'), scalar(line.slice(at + 1))];
  }
}

function keysOf(schema: z.ZodType): string[] {
  let inner: z.ZodType = schema;
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault || inner instanceof z.ZodOptional) {
    inner = inner.def.innerType as z.ZodType;
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function scalar(text: string): unknown {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}

function setPath(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    if (next === null || typeof next !== 'object')
      Object.defineProperty(at, key, { value: {}, enumerable: true, configurable: true, writable: true });
    at = at[key] as Record<string, unknown>;
  }
  Object.defineProperty(at, path.at(-1) ?? '', { value, enumerable: true, configurable: true, writable: true });
}

/** Under which the password of the external broker stands among the secrets; no user can have that name. */
export const EXTERNAL_BROKER = '';

function readSecrets(
  file: string,
  config: CityConfig,
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  for (const user of config.mqtt.users) {
    const secret = environment[user.secretEnv];
    if (secret === undefined || secret.length < 16) {
      throw invalid(
        file,
        `mqtt.users: "${user.name}" needs a secret of at least 16 characters in the environment variable ${user.secretEnv}`,
      );
    }
    secrets.set(user.name, secret);
  }
  for (const { key, name, variable } of servers(config)) {
    if (variable === undefined) continue;
    const secret = environment[variable];
    if (secret === undefined || secret === '') {
      throw invalid(file, `${key}: a secret is needed in the environment variable ${variable}, which is not set`);
    }
    secrets.set(name, secret);
  }
  return secrets;
}

/** Servers that the product uses, each with what its secret is called here and the variable that holds it. */
function* servers({ mqtt, stores, jobs, journal }: CityConfig) {
  yield { key: 'mqtt.external.passwordEnv', name: EXTERNAL_BROKER, variable: mqtt.external?.passwordEnv };
  for (const mirror of stores) {
    yield { key: `stores: "${mirror.name}"`, name: mirrorSecret(mirror.name), variable: mirrorSecretEnv(mirror) };
  }
  yield { key: 'jobs.redis.passwordEnv', name: JOBS_REDIS, variable: jobs.redis?.passwordEnv };
  yield { key: 'journal.redis.passwordEnv', name: JOURNAL_REDIS, variable: journal.redis?.passwordEnv };
}

function invalid(file: string, text: string): OperatingError {
  return new OperatingError('config_invalid', `cannot use the configuration ${file}:\n${text}`);
}
