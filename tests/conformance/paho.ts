/*
 * Runs the interoperability suite of Eclipse Paho for MQTT 3.1.1 (github.com/eclipse/paho.mqtt.testing) against two
 * brokers, each with the fast lane on and off:
 *
 *   plain    the broker library as it is, with sessions, retained messages and all QoS; PUBLISH goes through the lane
 *   product  the product's broker with its rules: clean sessions, nothing retained for publishers, deliveries at QoS 0
 *
 *   node tests/conformance/paho.ts <folder of paho.mqtt.testing>
 */
import { spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { Aedes } from 'aedes';
import { systemClock } from '../../src/base/index.ts';
import { FanOut } from '../../src/broker/embedded/fan-out.ts';
import { Lane } from '../../src/broker/embedded/lane.ts';
import { LaneAcks } from '../../src/broker/embedded/lane-acks.ts';
import { LaneTopics } from '../../src/broker/embedded/lane-topics.ts';
import { type EmbeddedClient, Peer } from '../../src/broker/embedded/peers.ts';
import { Reception } from '../../src/broker/embedded/reception.ts';
import { MessageFlag } from '../../src/model/index.ts';
import { embedded, mqttConfig } from '../unit/broker/support/embedded.ts';

const TESTS = [
  'testBasic',
  'test_retained_messages',
  'test_zero_length_clientid',
  'test_offline_message_queueing',
  'test_overlapping_subscriptions',
  'test_keepalive',
  'test_redelivery_on_reconnect',
  'test_subscribe_failure',
  'test_dollar_topics',
  'test_unsubscribe',
];
const TEST_MS_MAX = 70_000;
const DENIED = 'test/nosubscribe';
const ANYTHING = { name: '', mayPublish: () => true, maySubscribe: () => true, mayReceive: () => true };
const SECRET = 'secret-of-the-suite';

/** The suite logs in as nobody and asks for no keep-alive; the product's broker wants both. */
const RUNNER = `
import sys, unittest
sys.path.insert(0, sys.argv[1])
import client_test as suite
suite.host, suite.port = "127.0.0.1", int(sys.argv[2])
suite.topics = ("TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA")
suite.wildtopics = ("TopicA/+", "+/C", "#", "/#", "/+", "+/+", "TopicA/#")
suite.nosubscribe_topics = ("${DENIED}",)
if sys.argv[4] == "login":
  plain = suite.mqtt_client.Client.connect
  def connect(self, *args, **named):
    named["username"], named["password"] = "suite", b"${SECRET}"
    named["keepalive"] = named.get("keepalive") or 60
    return plain(self, *args, **named)
  suite.mqtt_client.Client.connect = connect
unittest.main(module=suite, argv=["paho", "Test." + sys.argv[3]])
`;

interface Running {
  readonly port: number;
  close(): Promise<unknown>;
}

async function plainBroker(fastLane: boolean): Promise<Running> {
  const config = mqttConfig();
  const aedes = await Aedes.createBroker({
    // [MQTT-3.1.3-8]; the library lets it in.
    authenticate: (client, _name, _secret, callback) => {
      const isRefused = client.id.startsWith('aedes_') && !client.clean;
      if (isRefused) callback(Object.assign(new Error('empty id'), { returnCode: 2 }) as never, null);
      else callback(null, true);
    },
    authorizeSubscribe: (_client, subscription, callback) =>
      callback(null, subscription.topic === DENIED ? null : subscription),
  });
  const fanOut = new FanOut(systemClock.monotonicMs, () => {});
  const reception = new Reception(config, systemClock, fanOut);
  reception.accept = ({ topic, payload, flags }, done) => {
    const qos = (flags & MessageFlag.qos1) === 0 ? 0 : 1;
    const retain = (flags & MessageFlag.retain) !== 0;
    setImmediate(done);
    aedes.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup: false }, () => {});
  };
  const context = {
    reception,
    topics: new LaneTopics(config.topicBytesMax, 16),
    acks: new LaneAcks(),
    clock: systemClock,
    packetBytesMax: config.packetMax,
    mayRead: () => true,
    charge: () => {},
    cut: (peer: Peer) => void peer.socket.destroy(),
  };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const client = aedes.handle(socket) as EmbeddedClient;
    if (!fastLane) return;
    const arrival = { stream: socket, address: '', certificateName: undefined, onLetIn: () => {} };
    const peer = new Peer(arrival, 4_096);
    Object.assign(peer, { client, identity: ANYTHING });
    new Lane(peer, client, context);
  });
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((done) => aedes.close(done));
    server.close();
  };
  return { port: await listening(server), close };
}

async function productBroker(fastLane: boolean): Promise<Running> {
  const users = [{ name: 'suite', secretEnv: 'SUITE', publish: ['#'], subscribe: ['TopicA/#', 'Topic/#', '/TopicA'] }];
  const broker = embedded({ fastLane, users }, { suite: SECRET });
  const { url } = await broker.open((_message, done) => setImmediate(done));
  return { port: Number(new URL(url).port), close: () => broker.close(100) };
}

function listening(server: Server): Promise<number> {
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port)));
}

async function passes(folder: string, port: number, test: string, login: string): Promise<boolean> {
  const child = spawn('python3', ['-c', RUNNER, folder, String(port), test, login], { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), TEST_MS_MAX);
  const code = await new Promise((done) => child.once('close', done));
  clearTimeout(timer);
  return code === 0;
}

const folder = join(resolve(process.argv[2] ?? 'paho.mqtt.testing'), 'interoperability');
for (const [name, open, login] of [
  ['plain', plainBroker, 'nobody'],
  ['product', productBroker, 'login'],
] as const) {
  for (const fastLane of [true, false]) {
    const failed: string[] = [];
    for (const test of TESTS) {
      const broker = await open(fastLane);
      if (!(await passes(folder, broker.port, test, login))) failed.push(test);
      await broker.close();
    }
    const passed = TESTS.length - failed.length;
    process.stdout.write(`${name}, fast lane ${fastLane ? 'on' : 'off'}: ${passed} of ${TESTS.length}`);
    process.stdout.write(failed.length === 0 ? '\n' : `, not ${failed.join(', ')}\n`);
  }
}
process.exit();
