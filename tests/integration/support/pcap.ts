/* A capture file as tcpdump writes one, made of bytes that are known already: no rights and no interface are needed. */

const LINK_RAW_IP = 101;
const SEGMENT_BYTES = 1_400;
const HEADERS_BYTES = 40;

/** Bytes that one side sent, in the order of all. */
export interface Said {
  readonly by: 'client' | 'server';
  readonly bytes: Uint8Array;
}

/** Connections to one server port, each with a client port of its own, as a capture. */
export function captureOf(serverPort: number, connections: readonly (readonly Said[])[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(0xffff, 16);
  head.writeUInt32LE(LINK_RAW_IP, 20);
  const frames = connections.flatMap((said, index) => framesOf(serverPort, 40_000 + index, said));
  return Buffer.concat([head, ...frames]);
}

function framesOf(serverPort: number, clientPort: number, said: readonly Said[]): Buffer[] {
  const sent = { client: 1, server: 1 };
  const frames: Buffer[] = [];
  for (const { by, bytes } of said) {
    const other = by === 'client' ? 'server' : 'client';
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const data = bytes.subarray(at, at + SEGMENT_BYTES);
      const ports = by === 'client' ? [clientPort, serverPort] : [serverPort, clientPort];
      frames.push(frame(ports[0]!, ports[1]!, sent[by], sent[other], data));
      sent[by] += data.length;
    }
  }
  return frames;
}

/** A record of the capture with IPv4 and TCP headers; checksums are left at 0, which readers take for "not computed". */
function frame(from: number, to: number, sequence: number, acknowledged: number, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(16 + HEADERS_BYTES + data.length);
  bytes.writeUInt32LE(HEADERS_BYTES + data.length, 8);
  bytes.writeUInt32LE(HEADERS_BYTES + data.length, 12);
  const ip = bytes.subarray(16);
  ip[0] = 0x45;
  ip.writeUInt16BE(HEADERS_BYTES + data.length, 2);
  ip[8] = 64;
  ip[9] = 6;
  ip.set([127, 0, 0, 1], 12);
  ip.set([127, 0, 0, 1], 16);
  const tcp = ip.subarray(20);
  tcp.writeUInt16BE(from, 0);
  tcp.writeUInt16BE(to, 2);
  tcp.writeUInt32BE(sequence, 4);
  tcp.writeUInt32BE(acknowledged, 8);
  tcp[12] = 5 << 4;
  tcp[13] = 0x18;
  tcp.writeUInt16BE(0xffff, 14);
  ip.set(data, HEADERS_BYTES);
  return bytes;
}
