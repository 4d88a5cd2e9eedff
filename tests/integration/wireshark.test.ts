import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectPacket, publishPacket, pubrelPacket, subscribePacket } from '../../harness/index.ts';
import type { Broker } from '../../src/broker/index.ts';
import { programAt } from '../../torture/tools.ts';
import { embedded } from '../unit/broker/support/embedded.ts';
import { rawClient } from '../unit/broker/support/raw-client.ts';
import { RecordingAccept } from '../unit/broker/support/recording-accept.ts';
import { captureOf, type Said } from './support/pcap.ts';

const TSHARK = programAt('tshark');
const PORT = 1883;
const KPI_TOPIC = 'kpi/centre/air-pm25/hour';
const q = (qos: 1 | 2, messageId: number) => ({ qos, messageId }) as const;

/** Packets of one client, each with how many bytes answer it. */
const SESSION: readonly (readonly [packet: Buffer, answerBytes: number])[] = [
  [connectPacket({ clientId: 'shark' }), 4],
  [subscribePacket('kpi/#'), 5],
  [subscribePacket('in/#'), 5],
  [publishPacket('in/a', 'x', q(1, 1)), 4],
  [Buffer.concat([2, 3, 4, 5].map((id) => publishPacket('in/a', 'y'.repeat(2_000), q(1, id)))), 16],
  [publishPacket('in/a', 'z'), 0],
  [publishPacket('in/straße', 'x', q(2, 6)), 4],
  [pubrelPacket(6), 4],
  [Buffer.from([0xc0, 0]), 2],
  [Buffer.from([0xa2, 9, 0, 7, 0, 5, ...Buffer.from('kpi/#')]), 4],
  [Buffer.from([0xe0, 0]), 0],
];

describe.skipIf(TSHARK === undefined)('what the broker says, read by Wireshark (skipped without tshark)', () => {
  let folder: string;
  let broker: Broker | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-shark-'));
  });
  afterEach(async () => {
    await broker?.close(100);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([true, false])('is well formed, every packet of a session (mqtt.fastLane: %s)', async (fastLane) => {
    broker = embedded({ fastLane });
    const { url } = await broker.open(new RecordingAccept().accept);
    broker.publish(KPI_TOPIC, Buffer.from('{"value":1}'), { retain: true });
    const said = await sessionWith(url);
    const refused = await refusedBy(url);

    const found = dissect([said, refused]);
    expect(found.fromServer).toEqual([2, 9, 3, 9, 4, 4, 4, 4, 4, 5, 7, 13, 11, 2]);
    expect(found.malformed).toEqual([]);
    expect(dissect([[...said, { by: 'server', bytes: Buffer.from([0x40, 1, 0]) }]]).malformed).toHaveLength(1);
  });

  /** A session in which each packet waits for its answer. */
  async function sessionWith(url: string): Promise<Said[]> {
    const client = await rawClient(url);
    const said: Said[] = [];
    let seen = 0;
    for (const [packet, answerBytes] of SESSION) {
      client.socket.write(packet);
      said.push({ by: 'client', bytes: packet });
      // What was retained follows the answer to its subscription.
      const extra = packet === SESSION[1]![0] ? publishPacket(KPI_TOPIC, '{"value":1}').length : 0;
      const all = await client.bytes(seen + answerBytes + extra);
      said.push({ by: 'server', bytes: all.subarray(seen) });
      seen = all.length;
    }
    await client.closed;
    return said;
  }

  /** A client whose id is not allowed: the answer is a CONNACK that says so, or nothing. */
  async function refusedBy(url: string): Promise<Said[]> {
    const client = await rawClient(url);
    const packet = connectPacket({ clientId: '', isClean: false });
    client.socket.write(packet);
    await client.closed;
    return [
      { by: 'client', bytes: packet },
      { by: 'server', bytes: client.received() },
    ];
  }

  function dissect(connections: readonly (readonly Said[])[]) {
    const file = join(folder, 'session.pcap');
    writeFileSync(file, captureOf(PORT, connections));
    const ask = (filter: string, field: string) =>
      execFileSync(TSHARK!, ['-r', file, '-Y', filter, '-T', 'fields', '-e', field], { encoding: 'utf8' })
        .split(/[\n,]/)
        .filter((text) => text !== '');
    return {
      fromServer: ask(`mqtt && tcp.srcport == ${PORT}`, 'mqtt.msgtype').map(Number),
      malformed: ask('_ws.malformed', 'frame.number'),
    };
  }
});
