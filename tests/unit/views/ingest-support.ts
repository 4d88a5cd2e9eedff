import { once } from 'node:events';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { FailureThrottle, systemClock } from '../../../src/base/index.ts';
import { createPosts, type PostsOptions } from '../../../src/broker/http/index.ts';
import type { CityFile } from '../../../src/config/index.ts';
import { type AuditEvent, addDevice, type NewDevice, openDeviceDirectory } from '../../../src/identity/index.ts';
import { createHttpServer, type HttpOptions } from '../../../src/views/http/index.ts';
import { createFakeSources } from '../../e2e/support/fake-sources.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { mqttConfig } from '../broker/support/embedded.ts';
import { RecordingAccept } from '../broker/support/recording-accept.ts';

export const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

type Body = NonNullable<RequestInit['body']>;

interface Setting {
  readonly mqtt?: CityFile['mqtt'];
  readonly http?: object;
  readonly devices?: readonly NewDevice[];
  readonly posts?: Partial<PostsOptions>;
  readonly server?: Partial<HttpOptions>;
}

/** Topics of a profile as the product gives them: its id in its place. */
const topicsOf = (profile: string, device: string) => [`${profile}/${device}`];

/** A server that takes posts, in front of something that stands where the journal stands. */
export async function ingest({ mqtt, http = {}, devices = [], posts: more, server: options }: Setting = {}) {
  const dataFolder = plantTree({});
  const secrets: Record<string, string> = {};
  for (const device of devices) {
    secrets[device.id] = (await addDevice(dataFolder, device, systemClock.nowMs())).secret ?? '';
  }
  const directory = openDeviceDirectory({ dataFolder, clock: systemClock, onProblem: () => {} });
  const events: AuditEvent[] = [];
  const journal = new RecordingAccept();
  const posts = createPosts({
    ...{ config: mqttConfig(mqtt), secrets: new Map(), clock: systemClock, accept: journal.accept, topicsOf },
    ...{ devices: directory, throttle: new FailureThrottle(systemClock), blocked: () => undefined },
    audit: { record: (event) => void events.push(event), close: () => {} },
    readingsPerMessageMax: 1_000,
    ...more,
  });
  const sources = { ...createFakeSources({ config: { http: { port: 0, ...http } } }), postStats: () => posts.stats() };
  const server = createHttpServer(sources, { webFolder: '/nowhere', log, posts, ...options });
  const { url } = await server.open();
  onTestFinished(async () => {
    journal.release();
    await server.close();
    directory.close();
  });
  const send = (path: string, body: Body | undefined, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { method: 'POST', ...(body === undefined ? {} : { body }), ...init });
  /** Status of a post. */
  const post = async (path: string, body: Body, headers: Record<string, string> = {}) => {
    const answer = await send(path, body, { headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  /** Whether an answer has come, seen after others have come that were asked for later. */
  const isAnswered = async (answer: Promise<Response>): Promise<boolean> => {
    for (let time = 0; time < 3; time++) await (await fetch(`${url}/healthz`)).arrayBuffer();
    return (await Promise.race([answer, undefined])) !== undefined;
  };
  return { url, server, posts, isAnswered, journal, directory, dataFolder, secrets, events, send, post };
}

export const bearer = (secret = '') => ({ authorization: `Bearer ${secret}` });
export const token = (secret = '') => ({ authorization: `Token ${secret}` });
export const basic = (name: string, secret = '') => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
});

/** A connection of its own, for what no client library would send. */
export async function rawConnection(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  let text = '';
  const waiting = new Set<() => void>();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (const look of waiting) look();
  });
  await once(socket, 'connect');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    socket,
    closed,
    text: () => text,
    statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((found) => Number(found[1])),
    /** Resolves when so many answers have come. */
    answers(count: number): Promise<void> {
      return new Promise((resolve) => {
        const look = (): void => {
          if ((text.match(/HTTP\/1\.1 \d{3}/g) ?? []).length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
  };
}

/** A request as it goes over the line. */
export function requestText(path: string, body: string, headers: Record<string, string> = {}): string {
  const all = { host: 'localhost', 'content-length': String(Buffer.byteLength(body)), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
