import type { FrameProblem } from './frame-guard.ts';

/**
 * What comes next in the bytes of a connection: a whole PUBLISH at QoS 0 or 1, a piece of other packets, nothing before
 * more bytes have come, or what makes the connection unfit to go on.
 */
export type FrameStep = 'publish' | 'other' | 'more' | FrameProblem;

const LENGTH_BYTES_MAX = 4;
const HEADER_BYTES_MAX = 1 + LENGTH_BYTES_MAX;
const PUBLISH = 3;
const NO_BYTES = Buffer.alloc(0);

/**
 * Takes the bytes of one connection apart into packets, however they were cut (MQTT 3.1.1, 2.2). PUBLISH packets at
 * QoS 0 and 1 are told one by one and whole; of all others the bytes are told as they come. A packet is refused by the
 * length that it announces. What is kept of a packet that has not come whole grows with the bytes that have.
 */
export class LaneFrames {
  /** Largest packet let through, its header included, bytes. */
  packetBytesMax: number;
  /** After `publish` and `other`: the bytes are `bytes[start, end)`. They are views of what was pushed. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  /** After `publish`: where the variable header begins. */
  bodyAt = 0;
  #chunk: Buffer = NO_BYTES;
  #at = 0;
  /** Bytes of another packet that are still to come. */
  #skip = 0;
  /** The beginning of a packet whose header, or all of which, has not come yet. */
  #kept: Buffer = NO_BYTES;
  #keptBytes = 0;
  /** Length of the kept packet once it is known; 0 before. */
  #wantedBytes = 0;

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
  }

  /** The bytes that follow; to be called when `next` has said `more`. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Everything so far was whole packets. */
  get isBetween(): boolean {
    return this.#skip === 0 && this.#keptBytes === 0;
  }

  /** Takes back what has not been looked at. */
  takeRest(): Buffer {
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = NO_BYTES;
    this.#at = 0;
    return rest;
  }

  next(): FrameStep {
    if (this.#at >= this.#chunk.length) {
      this.#chunk = NO_BYTES;
      this.#at = 0;
      return 'more';
    }
    if (this.#skip > 0) return this.#pass(this.#at);
    return this.#keptBytes > 0 ? this.#goOn() : this.#begin();
  }

  /** A packet that begins in the chunk. */
  #begin(): FrameStep {
    const chunk = this.#chunk;
    const start = this.#at;
    const available = chunk.length - start;
    let length = 0;
    let headerBytes = 1;
    for (let shift = 0; ; shift += 7) {
      if (headerBytes > LENGTH_BYTES_MAX) return 'malformed_packet';
      if (headerBytes >= available) return this.#keep(0);
      const byte = chunk[start + headerBytes++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const frameBytes = headerBytes + length;
    if (frameBytes > this.packetBytesMax) return 'frame_too_large';
    if (!isQuick(chunk[start]!)) {
      this.#skip = frameBytes;
      return this.#pass(start);
    }
    if (frameBytes > available) return this.#keep(frameBytes);
    this.#at = start + frameBytes;
    this.bytes = chunk;
    this.start = start;
    this.bodyAt = start + headerBytes;
    this.end = this.#at;
    return 'publish';
  }

  /** What is there of a packet that is somebody else's. */
  #pass(start: number): FrameStep {
    const step = Math.min(this.#skip, this.#chunk.length - start);
    this.#skip -= step;
    this.#at = start + step;
    this.bytes = this.#chunk;
    this.start = start;
    this.end = this.#at;
    return 'other';
  }

  #keep(wantedBytes: number): FrameStep {
    this.#wantedBytes = wantedBytes;
    this.#copy(this.#chunk.length - this.#at);
    return 'more';
  }

  /** Room doubles, so that neither a large packet in small pieces costs much nor an announced one any. */
  #copy(count: number): void {
    const bytes = this.#keptBytes + count;
    if (bytes > this.#kept.length) {
      const room = Buffer.allocUnsafe(Math.max(bytes, Math.min(2 * bytes, this.#wantedBytes), HEADER_BYTES_MAX));
      this.#kept.copy(room, 0, 0, this.#keptBytes);
      this.#kept = room;
    }
    this.#chunk.copy(this.#kept, this.#keptBytes, this.#at, this.#at + count);
    this.#keptBytes = bytes;
    this.#at += count;
  }

  /** A packet that began in an earlier chunk. */
  #goOn(): FrameStep {
    if (this.#wantedBytes === 0) {
      const step = this.#completeHeader();
      if (step !== undefined) return step;
    }
    this.#copy(Math.min(this.#wantedBytes - this.#keptBytes, this.#chunk.length - this.#at));
    if (this.#keptBytes < this.#wantedBytes) return this.next();
    const headerBytes = headerBytesOf(this.#kept, this.#keptBytes);
    this.#tellKept();
    this.bodyAt = headerBytes;
    return 'publish';
  }

  /** @returns undefined when the kept packet is one to be told whole, and its length is known */
  #completeHeader(): FrameStep | undefined {
    let headerBytes = headerBytesOf(this.#kept, this.#keptBytes);
    while (headerBytes === 0) {
      if (this.#keptBytes === HEADER_BYTES_MAX) return 'malformed_packet';
      if (this.#at >= this.#chunk.length) return 'more';
      this.#copy(1);
      headerBytes = headerBytesOf(this.#kept, this.#keptBytes);
    }
    let length = 0;
    for (let at = 1; at < headerBytes; at++) length |= (this.#kept[at]! & 0x7f) << (7 * (at - 1));
    const frameBytes = headerBytes + length;
    if (frameBytes > this.packetBytesMax) return 'frame_too_large';
    if (isQuick(this.#kept[0]!)) {
      this.#wantedBytes = frameBytes;
      return undefined;
    }
    this.#skip = length;
    this.#tellKept();
    return 'other';
  }

  #tellKept(): void {
    this.bytes = this.#kept;
    this.start = 0;
    this.end = this.#keptBytes;
    this.#kept = NO_BYTES;
    this.#keptBytes = 0;
    this.#wantedBytes = 0;
  }
}

/** PUBLISH at QoS 0 or 1, whatever DUP and RETAIN say. */
function isQuick(firstByte: number): boolean {
  return firstByte >> 4 === PUBLISH && (firstByte & 0x04) === 0;
}

/** Bytes of the fixed header, 0 while its length has not ended. */
function headerBytesOf(bytes: Buffer, count: number): number {
  for (let at = 1; at < count; at++) if (bytes[at]! < 0x80) return at + 1;
  return 0;
}
