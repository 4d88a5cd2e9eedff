const LENGTH_BYTES_MAX = 4;

/** What is wrong with a stream of packets. */
export type FrameProblem = 'frame_too_large' | 'malformed_packet';

/**
 * Follows packet boundaries in the bytes of one connection, so that a packet is refused by the length that it announces
 * and before any of it is kept: the parser behind would collect up to 256 MiB for it.
 */
export class FrameGuard {
  /** Largest packet let through, its header included, bytes. */
  packetBytesMax: number;
  /** Bytes of the current packet that are still to come. */
  #skip = 0;
  /** The next byte is the first of a packet; otherwise it belongs to its length. */
  #isFirstByte = true;
  #length = 0;
  #lengthBytes = 0;

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
  }

  /** @returns what makes the connection unfit to go on, or undefined */
  check(chunk: Uint8Array): FrameProblem | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else if (this.#isFirstByte) {
        this.#isFirstByte = false;
        this.#length = 0;
        this.#lengthBytes = 0;
        at++;
      } else {
        const problem = this.#takeLengthByte(chunk[at++]!);
        if (problem !== undefined) return problem;
      }
    }
    return undefined;
  }

  /** Remaining length: seven bits a byte, lowest first, at most four bytes (MQTT 3.1.1, 2.2.3). */
  #takeLengthByte(byte: number): FrameProblem | undefined {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes++;
    if ((byte & 0x80) !== 0) return this.#lengthBytes === LENGTH_BYTES_MAX ? 'malformed_packet' : undefined;
    if (1 + this.#lengthBytes + this.#length > this.packetBytesMax) return 'frame_too_large';
    this.#skip = this.#length;
    this.#isFirstByte = true;
    return undefined;
  }
}
