import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROJECT_ROOT } from './source-tree.ts';

/** A mount, as it stands in the short form or in the long one. */
export type Mount =
  | string
  | {
      readonly type: string;
      readonly source: string;
      readonly target: string;
      readonly read_only?: boolean;
      readonly bind?: { readonly create_host_path?: boolean };
    };

export interface Service {
  readonly image: string;
  readonly build?: string;
  readonly user: string;
  readonly profiles?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly deploy?: { readonly replicas: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes: readonly Mount[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly [key: string]: unknown;
}

export interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

type Variables = Readonly<Record<string, string>>;

/**
 * docker-compose.yml as Compose has it after variables, merges and `extends`, with nothing set but what is given.
 *
 * @throws Error where a service extends one that is not there
 */
export function readCompose(variables: Variables = {}): Compose {
  const compose = readFile('docker-compose.yml', variables);
  const services = Object.entries(compose.services).map(([name, service]) => [name, extended(service, variables)]);
  return { ...compose, services: Object.fromEntries(services) };
}

function readFile(name: string, variables: Variables): Compose {
  return interpolated(parse(readFileSync(join(PROJECT_ROOT, name), 'utf8'), { merge: true }), variables) as Compose;
}

/** Keys of services that others extend; Compose merges each kind by rules of its own. */
const EXTENDED_KEYS = ['command', 'ports'];

/** A command takes the place of the other one; ports are added to the others. */
function extended({ extends: base, ...service }: Service, variables: Variables): Service {
  if (base === undefined) return service as Service;
  const { file, service: name } = base as { readonly file: string; readonly service: string };
  const part = readFile(file, variables).services[name];
  if (part === undefined) throw new Error(`service "${name}" not found in ${file}`);
  const unknown = Object.keys(part).find((key) => !EXTENDED_KEYS.includes(key));
  if (unknown !== undefined) throw new Error(`how Compose merges ${unknown} is not known here`);
  return { ...part, ...service, ports: [...(part.ports ?? []), ...(service.ports ?? [])] } as Service;
}

/** Services that start when the profiles are chosen: those without one, and those with one of them. */
export function servicesOf({ services }: Compose, ...chosen: readonly string[]): string[] {
  return Object.keys(services)
    .filter((name) => services[name]!.profiles?.some((profile) => chosen.includes(profile)) ?? true)
    .sort();
}

function interpolated(node: unknown, variables: Variables): unknown {
  if (typeof node === 'string') return composeText(node, variables);
  if (Array.isArray(node)) return node.map((item) => interpolated(item, variables));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolated(value, variables)]));
}

/**
 * What Compose makes of `$$` and `${NAME:-default}`, the default with variables of its own.
 *
 * @throws Error for anything else: `${NAME:?message}` is demanded of profiles that are not chosen, too
 */
export function composeText(text: string, variables: Variables): string {
  const at = text.indexOf('$');
  if (at < 0) return text;
  const [before, rest] = [text.slice(0, at), text.slice(at)];
  if (rest.startsWith('$$')) return `${before}$${composeText(rest.slice(2), variables)}`;
  const name = /^\$\{([A-Z_]+):-/.exec(rest);
  if (name === null) throw new Error(`no variable with a default: ${rest}`);
  const end = closingBrace(rest);
  const set = variables[name[1]!] ?? '';
  const value = set === '' ? composeText(rest.slice(name[0].length, end), variables) : set;
  return `${before}${value}${composeText(rest.slice(end + 1), variables)}`;
}

function closingBrace(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  throw new Error(`a variable without an end: ${text}`);
}
