import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { connect, connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort, killChild, MOSQUITTO, REDIS_SERVER, untilListening } from '../../harness/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { readCompose, type Service } from '../tidy/support/compose.ts';
import { PROJECT_ROOT } from '../tidy/support/source-tree.ts';
import { eventually, getJson, Workbench } from './support/workbench.ts';

/* The services of the profile scale as plain processes, with the very commands and variables of docker-compose.yml. */

const SECRET = '5f0e1d2c3b4a59687786a5b4c3d2e1f0';
const PUBLISHER_SECRET = 'c0ffee00c0ffee00c0ffee00';
const PATH = [dirname(process.execPath), '/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin'].join(delimiter);
const START_MS_MAX = 60_000;

const service = (name: string): Service =>
  readCompose({
    COMPOSE_PROFILES: 'scale',
    VITALS_REDIS_PASSWORD: SECRET,
    VITALS_BROKER_PASSWORD: SECRET,
    VITALS_BROKER_USERS: `gateway-1:${PUBLISHER_SECRET}  gateway-2:${PUBLISHER_SECRET}`,
  }).services[name]!;

/** A process, and what it has said. */
interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
}

let bench: Workbench | undefined;
const running: Running[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ child }) => killChild(child)));
  await bench?.close();
  bench = undefined;
});

const folderOf = (name: string): string => {
  bench ??= new Workbench();
  const folder = bench.path(name);
  mkdirSync(folder, { recursive: true });
  return folder;
};

/** Starts words in which places are moved, where the product lies. */
function launch(
  words: readonly string[],
  places: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
): Running {
  const moved = words.map((word) =>
    Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), word),
  );
  const child = spawn(moved[0]!, moved.slice(1), {
    cwd: PROJECT_ROOT,
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const one = { child, stdout: () => said.stdout, stderr: () => said.stderr };
  running.push(one);
  return one;
}

function startRedis(folder: string, port: number, environment: Record<string, string> = {}): Running {
  const { command, environment: own } = service('redis');
  const places = { 'dir /data\n': `dir ${folder}\nport ${port}\nbind 127.0.0.1\n` };
  return launch(command!, places, { ...own, ...environment });
}

/** What it keeps for itself and what outlives it lie in one folder. */
function startBroker(folder: string, port: number, environment: Record<string, string> = {}): Running {
  const { command, environment: own } = service('broker');
  // Started by root it would become a user that may not write into the folder.
  const asRoot = process.getuid?.() === 0 ? 'user root\n' : '';
  const places = {
    'listener 1883\n': `listener ${port} 127.0.0.1\n${asRoot}`,
    '/tmp/': `${folder}/`,
    '/mosquitto/data/': `${folder}/`,
  };
  return launch(command!, places, { ...own, ...environment });
}

describe.skipIf(REDIS_SERVER === undefined)('the service redis (skipped without redis-server)', () => {
  function redisCli(port: number, environment: Record<string, string>, ...words: string[]) {
    const { status, stdout } = spawnSync('redis-cli', ['-p', String(port), '-e', ...words], {
      env: { PATH, ...environment },
      encoding: 'utf8',
    });
    return { status, lines: stdout.trim().split('\n') };
  }

  it('asks for the password, evicts nothing, and has what it acknowledged after a kill', async () => {
    const [folder, port] = [folderOf('redis'), await freePort()];
    const secret = { REDISCLI_AUTH: SECRET };
    expect(service('redis').healthcheck!.test).toEqual(['CMD', 'redis-cli', '-e', 'ping']);

    const first = startRedis(folder, port);
    await untilListening(port, START_MS_MAX);
    expect(redisCli(port, secret, 'ping')).toEqual({ status: 0, lines: ['PONG'] });
    expect(redisCli(port, {}, 'ping').status).not.toBe(0);
    const keys = ['appendonly', 'appendfsync', 'maxmemory', 'maxmemory-policy', 'save'];
    const settings = keys.flatMap((key) => redisCli(port, secret, 'config', 'get', key).lines.slice(1));
    expect(settings).toEqual(['yes', 'always', String(2 ** 30), 'noeviction']);
    redisCli(port, secret, 'set', 'message', '1');
    await killChild(first.child);

    const second = startRedis(folder, port, { VITALS_REDIS_MEMORY: '300mb' });
    await untilListening(port, START_MS_MAX);
    expect(redisCli(port, secret, 'get', 'message')).toEqual({ status: 0, lines: ['1'] });
    expect(redisCli(port, secret, 'config', 'get', 'maxmemory').lines[1]).toBe(String(300 * 2 ** 20));
    // The shell has become the server: a signal from outside reaches it, and it ends in order.
    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
  }, 120_000);

  it('does not start without a password, and says so', async () => {
    const { child, stderr } = startRedis(folderOf('redis'), await freePort(), { REDISCLI_AUTH: '' });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).not.toBe(0);
    expect(stderr()).toContain('set VITALS_REDIS_PASSWORD in .env');
  });
});

describe.skipIf(MOSQUITTO === undefined)('the service broker (skipped without mosquitto)', () => {
  const product = { username: 'vitals', password: SECRET };
  const gateway = { username: 'gateway-1', password: PUBLISHER_SECRET };
  const clients: MqttClient[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  });

  async function open(port: number, options: IClientOptions): Promise<MqttClient> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options });
    clients.push(client);
    return client;
  }

  /** A consumer with the session of an intake, and what it is told. */
  async function consume(port: number): Promise<{ client: MqttClient; topics: string[] }> {
    const session = { clientId: 'intake-1', clean: false, protocolVersion: 5, reconnectPeriod: 0 } as const;
    const properties = { sessionExpiryInterval: 3_600 };
    const client = connect(`mqtt://127.0.0.1:${port}`, { ...product, ...session, properties });
    clients.push(client);
    const topics: string[] = [];
    // Before it is connected: what waits is sent at once.
    client.on('message', (topic) => topics.push(topic));
    await new Promise<void>((resolve, reject) => client.once('connect', () => resolve()).once('error', reject));
    await client.subscribeAsync('$share/vitals/in/#', { qos: 1 });
    return { client, topics };
  }

  it('lets in whom .env names, and keeps publishers apart', async () => {
    const [folder, port] = [folderOf('broker'), await freePort()];
    const { child } = startBroker(folder, port);
    await untilListening(port, START_MS_MAX);
    for (const options of [{}, { ...gateway, password: SECRET }, { username: 'gateway-3', password: SECRET }]) {
      await expect(open(port, options)).rejects.toThrow(/not authori[sz]ed/i);
    }
    const { topics } = await consume(port);
    for (const topic of ['in/gateway-2/a', 'in/gateway-1/a', 'kpi/a', 'in/gateway-1/b']) {
      // Some versions end the connection of who publishes what it may not.
      const one = await open(port, gateway);
      await one.publishAsync(topic, '1', { qos: 1 });
    }
    await eventually(
      async () => topics,
      ({ length }) => length >= 2,
    );
    expect(topics).toEqual(['in/gateway-1/a', 'in/gateway-1/b']);
    expect(isHealthy(folder, port)).toBe(true);
    await killChild(child);
    expect(isHealthy(folder, port)).toBe(false);
    for (const file of ['passwd', 'acl']) expect(readFileSync(join(folder, file), 'utf8')).not.toContain(SECRET);
  }, 60_000);

  function isHealthy(folder: string, port: number): boolean {
    const [, program, ...words] = service('broker').healthcheck!.test;
    const { XDG_CONFIG_HOME } = service('broker').environment;
    expect(XDG_CONFIG_HOME).toBe('/tmp');
    const env = { PATH, XDG_CONFIG_HOME: folder };
    return spawnSync(program!, [...words, '-p', String(port)], { env }).status === 0;
  }

  it('keeps what waits for an intake over a restart, and no more than it may', async () => {
    const [folder, port] = [folderOf('broker'), await freePort()];
    const bounded = { VITALS_BROKER_QUEUE_BYTES: '2000' };
    const first = startBroker(folder, port, bounded);
    await untilListening(port, START_MS_MAX);
    await (await consume(port)).client.endAsync();
    const publisher = await open(port, gateway);
    for (let n = 0; n < 10; n++) {
      await publisher.publishAsync(`in/gateway-1/${n}`, Buffer.alloc(900), { qos: 1 });
    }
    await publisher.endAsync(true);
    first.child.kill('SIGTERM');
    expect(await once(first.child, 'exit')).toEqual([0, null]);

    startBroker(folder, port, bounded);
    await untilListening(port, START_MS_MAX);
    const { topics } = await consume(port);
    await (await open(port, gateway)).publishAsync('in/gateway-1/last', '1', { qos: 1 });
    await eventually(
      async () => topics,
      (all) => all.includes('in/gateway-1/last'),
    );
    expect(topics.slice(0, 2)).toEqual(['in/gateway-1/0', 'in/gateway-1/1']);
    expect(topics.length).toBeLessThan(10);
  }, 60_000);

  it.each([
    [{ VITALS_BROKER_PASSWORD: '' }, 'set VITALS_BROKER_PASSWORD in .env'],
    [{ VITALS_BROKER_PASSWORD: 'short' }, 'the secret of vitals is to have 16 characters or more'],
    [{ VITALS_BROKER_USERS: 'gateway-1' }, 'the secret of gateway-1 is to'],
    [{ VITALS_BROKER_USERS: 'gateway-1:' }, 'the secret of gateway-1 is to have 16'],
    [{ VITALS_BROKER_USERS: `a/b:${SECRET}` }, 'names are of A-Z'],
    [{ VITALS_BROKER_USERS: `+:${SECRET}` }, 'names are of A-Z'],
    [{ VITALS_BROKER_USERS: `gateway-1:${SECRET}:x` }, 'the secret of gateway-1 is to be of letters and digits'],
    [{ VITALS_BROKER_USERS: `vitals:${SECRET}` }, 'vitals is there already'],
  ] as const)('does not start with %j, and says why', async (environment, text) => {
    const { child, stderr } = startBroker(folderOf('broker'), await freePort(), environment);
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(2);
    expect(stderr()).toContain(text);
    expect(stderr()).not.toContain(SECRET);
  });
});

const hasLocks = existsSync('/usr/bin/flock');

describe.skipIf(!hasLocks)('the service intake (skipped without flock)', () => {
  it('takes an id that no other intake holds, that of a dead one too, and waits while there is none', async () => {
    const folder = folderOf('intakes');
    const stub = join(folder, 'stub.js');
    writeFileSync(stub, "console.log(process.argv.slice(2).join(' ')); setInterval(() => {}, 1_000);");
    const { entrypoint, environment } = service('intake');
    expect(environment.VITALS_INTAKES).toBe('2');
    const start = () => launch(entrypoint!, { 'bin/vitals.js': stub, '/data/': `${folder}/` }, environment);
    const idOf = ({ stdout }: Running) => /--set mqtt\.external\.clientId=(\S+)/.exec(stdout())?.[1];
    const taken = (one: Running) =>
      eventually(
        async () => idOf(one),
        (id) => id !== undefined,
      );

    const [first, second] = [start(), start()];
    const ids = [await taken(first), await taken(second)];
    expect(ids.toSorted()).toEqual(['intake-1', 'intake-2']);
    expect(first.stdout()).toContain(`--data ${folder}/${ids[0]} `);
    const third = start();
    await eventually(
      async () => third.stderr(),
      (text) => text.includes('intake-1 to intake-2 are taken'),
    );
    expect(idOf(third)).toBeUndefined();
    await killChild(first.child);
    expect(await taken(third)).toBe(ids[0]);
  }, 60_000);
});

const isComplete = REDIS_SERVER !== undefined && MOSQUITTO !== undefined && hasLocks;

describe.skipIf(!isComplete)('all of them (skipped without redis-server, mosquitto or flock)', () => {
  it('take what a gateway publishes, and show it at the api node', async () => {
    const [redisPort, brokerPort, httpPort] = [await freePort(), await freePort(), await freePort()];
    startRedis(folderOf('redis'), redisPort);
    startBroker(folderOf('broker'), brokerPort);
    await Promise.all([redisPort, brokerPort].map((port) => untilListening(port, START_MS_MAX)));
    const config = cityAt(redisPort, brokerPort);
    const start = (name: string, places: Record<string, string>, more: Record<string, string> = {}) => {
      const { entrypoint = ['node', 'bin/vitals.js'], command = [], environment } = service(name);
      const own = { ...environment, VITALS_HTTP_HOST: '127.0.0.1', VITALS_HTTP_PORT: '0', ...more };
      return launch([...entrypoint, ...command], { ...places, '/config/city.yaml': config }, own);
    };
    const intakes = { '/data/': `${folderOf('intakes')}/` };
    const living = [
      ...[1, 2].map(() => start('intake', intakes)),
      ...[1, 2].map((n) => start('engine', { '/tmp/vitals': folderOf(`engine-${n}`) })),
      start('vitals', { '/data': folderOf('data') }, { VITALS_HTTP_PORT: String(httpPort) }),
    ];
    await untilListening(httpPort, START_MS_MAX);
    for (const one of living) {
      await eventually(
        async () => `${one.stdout()}\n${one.stderr()}`,
        (text) => text.includes('City Vitals is ready'),
        START_MS_MAX,
      );
    }

    const login = { username: 'gateway-1', password: PUBLISHER_SECRET, reconnectPeriod: 0 };
    const client = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`, login);
    for (let n = 0; n < 20; n++) {
      const payload = JSON.stringify([{ bn: `station-${n}:`, n: 'pm2_5', u: 'ug/m3', v: n }]);
      await client.publishAsync(`in/gateway-1/station-${n}/data`, payload, { qos: 1 });
    }
    await client.endAsync();
    const accounting = () => getJson<AccountingBody>(`http://127.0.0.1:${httpPort}`, '/api/v1/accounting');
    await eventually(accounting, ({ readings }) => readings.counted === 20);
    for (const { child } of living.toReversed()) {
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    }
  }, 300_000);

  /** The city file of the profile, with the servers where they are here. */
  function cityAt(redisPort: number, brokerPort: number): string {
    const city = parse(readFileSync(join(PROJECT_ROOT, 'cities/container/scale.yaml'), 'utf8'));
    city.jobs.redis.url = `redis://127.0.0.1:${redisPort}`;
    city.mqtt.external.url = `mqtt://127.0.0.1:${brokerPort}`;
    return bench!.city(city);
  }
});
