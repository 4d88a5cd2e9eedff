import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LaneFrames } from '../../../src/broker/embedded/lane-frames.ts';
import { header, publishPacket } from './support/raw-client.ts';

interface Found {
  readonly publishes: string[];
  readonly others: string;
  readonly problem: string | undefined;
}

/** What the frames tell of a stream that comes in these chunks. */
function found(chunks: readonly Buffer[], packetBytesMax = 400): Found {
  const frames = new LaneFrames(packetBytesMax);
  const publishes: string[] = [];
  const others: Buffer[] = [];
  for (const chunk of chunks) {
    frames.push(chunk);
    for (let step = frames.next(); step !== 'more'; step = frames.next()) {
      const bytes = frames.bytes.subarray(frames.start, frames.end);
      if (step === 'publish') {
        const body = frames.bytes.subarray(frames.bodyAt, frames.end);
        // Order among all packets shows in how many bytes of others came before.
        publishes.push(`${Buffer.concat(others).length}: ${bytes.toString('hex')} ${body.toString('hex')}`);
      } else if (step === 'other') others.push(Buffer.from(bytes));
      else return { publishes, others: Buffer.concat(others).toString('hex'), problem: step };
    }
  }
  return { publishes, others: Buffer.concat(others).toString('hex'), problem: undefined };
}

function cutAt(stream: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (stream.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => Buffer.from(stream.subarray(from, at[index] ?? stream.length)));
}

const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const packet = fc.oneof(
  fc
    .record({ payload, qos: fc.constantFrom(0, 1, 2), retain: fc.boolean(), isDup: fc.boolean() })
    .map(({ payload: bytes, ...options }) => publishPacket('in/a', bytes, options as object)),
  fc.constant(Buffer.from([0xc0, 0])),
  // A length may be written in more bytes than it needs.
  fc.constant(Buffer.from([0x30, 0x85, 0x00, 0, 1, 0x61, 1, 2])),
  fc
    .tuple(fc.constantFrom(0x10, 0x36, 0x62, 0x82, 0xe0), payload)
    .map(([first, body]) => Buffer.concat([header(first, body.length), body])),
  fc.constantFrom(header(0x30, 1_000), header(0x82, 1_000), Buffer.from([0x32, 0xff, 0xff, 0xff, 0xff, 1])),
);

describe('the frames of the lane', () => {
  it('are the same however the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 12 }), fc.array(fc.nat(5_000)), (packets, places) => {
        const stream = Buffer.concat(packets);
        const whole = found([stream]);
        expect(found(cutAt(stream, places))).toEqual(whole);
        expect(found([...stream].map((byte) => Buffer.from([byte])))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('are whole publishes, and all other bytes in their place', () => {
    const first = publishPacket('in/a', 'one', { qos: 1, messageId: 7 });
    const second = publishPacket('in/b', 'two', { qos: 2, messageId: 8 });
    const third = publishPacket('in/c', 'x'.repeat(200));
    const { publishes, others, problem } = found([Buffer.concat([first, second, Buffer.from([0xc0, 0]), third])]);
    expect(others).toBe(`${second.toString('hex')}c000`);
    expect(publishes.map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      `0: ${first.toString('hex')}`,
      `${second.length + 2}: ${third.toString('hex')}`,
    ]);
    expect(problem).toBeUndefined();
  });

  it.each([
    ['a length of five bytes', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]), 'malformed_packet'],
    ['a publish over the limit', header(0x30, 399), 'frame_too_large'],
    ['another packet over the limit', header(0x82, 399), 'frame_too_large'],
  ])('end at %s, before any of it has come', (_name, bytes, problem) => {
    expect(found([bytes]).problem).toBe(problem);
    expect(found([...bytes].map((byte) => Buffer.from([byte]))).problem).toBe(problem);
  });

  it('keep no more than twice what has come of a packet, whatever it announces', () => {
    const frames = new LaneFrames(1 << 20);
    frames.push(header(0x30, 1_000_000));
    expect(frames.next()).toBe('more');
    const before = process.memoryUsage().arrayBuffers;
    frames.push(Buffer.alloc(1_000));
    expect(frames.next()).toBe('more');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000);
  });
});
