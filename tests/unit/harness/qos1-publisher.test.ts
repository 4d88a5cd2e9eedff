import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONNACK_ACCEPTED, pubackOf, publishPacket, Qos1Publisher } from '../../../harness/index.ts';

const message = (number: number) => ({ topic: 'in/a', payload: `m${number}` });
const packet = (number: number, messageId: number, isDup = false) =>
  publishPacket('in/a', `m${number}`, { qos: 1, messageId, isDup });

let server: Server;
let publisher: Qos1Publisher | undefined;
beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  publisher?.close();
  server.close();
});

/** The next connection, let in; `bytes` waits until so many have come behind CONNECT. */
async function letIn() {
  const [socket] = (await once(server, 'connection')) as [Socket];
  await once(socket, 'data');
  socket.write(CONNACK_ACCEPTED);
  let all = Buffer.alloc(0);
  const bytes = async (count: number): Promise<Buffer> => {
    while (all.length < count) all = Buffer.concat([all, ((await once(socket, 'data')) as [Buffer])[0]]);
    return all;
  };
  return { socket, bytes };
}

function open(more: object = {}): Qos1Publisher {
  const { port } = server.address() as AddressInfo;
  publisher = new Qos1Publisher({ port, clientId: 'a', windowCount: 2, message, ...more });
  return publisher;
}

describe('a publisher at QoS 1', () => {
  it('keeps its window full and no fuller', async () => {
    open({ upTo: 3 });
    const { socket, bytes } = await letIn();
    const first = Buffer.concat([packet(0, 1), packet(1, 2)]);
    expect(await bytes(first.length)).toEqual(first);
    socket.write(pubackOf(1));
    const all = Buffer.concat([first, packet(2, 3)]);
    expect(await bytes(all.length)).toEqual(all);
    expect(publisher!.stats()).toMatchObject({ sentCount: 3, acknowledgedCount: 1, faults: [] });
  });

  it('sends what was not acknowledged again, marked DUP, in order', async () => {
    open({ windowCount: 3, upTo: 3 });
    const before = await letIn();
    await before.bytes(3 * packet(0, 1).length);
    before.socket.write(pubackOf(2).subarray(0, 4));
    before.socket.end();
    const after = await letIn();
    const again = Buffer.concat([packet(0, 1, true), packet(2, 3, true)]);
    expect(await after.bytes(again.length)).toEqual(again);
    expect(publisher!.stats()).toMatchObject({ acknowledgedCount: 1, resentCount: 2, reconnectCount: 1 });
  });

  it('ends with the first loss where it is told to', async () => {
    const { ended } = open({ reconnects: false });
    (await letIn()).socket.destroy();
    await ended;
  });

  it('tells of acknowledgements that nobody waits for', async () => {
    let told = 0;
    open({ upTo: 0, onAcknowledged: () => told++ });
    const { socket } = await letIn();
    socket.write(pubackOf(9));
    while (publisher!.stats().faults.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(publisher!.stats().faults).toEqual([expect.stringContaining('packet 9')]);
    expect(told).toBeGreaterThan(0);
  });
});
