import { type AddressInfo, createServer } from 'node:net';

/*
 * A process of its own: the least that a server could do. It finds PUBLISH packets at QoS 1 in what it reads, and writes
 * a PUBACK for each, all of one read in one write. Packets are at most 16 KiB and at first CONNECT.
 */

const CONNECT = 0x10;
const CONNACK = Buffer.from([0x20, 2, 0, 0]);

/** Answers what is whole in the bytes; returns what is not. */
function answer(bytes: Buffer, write: (acks: Buffer) => void): Buffer {
  const acks: number[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const isLong = bytes[at + 1]! > 0x7f;
    if (isLong && at + 3 > bytes.length) break;
    const length = isLong ? (bytes[at + 1]! & 0x7f) | (bytes[at + 2]! << 7) : bytes[at + 1]!;
    const bodyAt = at + (isLong ? 3 : 2);
    if (bodyAt + length > bytes.length) break;
    if (bytes[at] === CONNECT) write(CONNACK);
    else {
      const idAt = bodyAt + 2 + bytes.readUInt16BE(bodyAt);
      acks.push(0x40, 2, bytes[idAt]!, bytes[idAt + 1]!);
    }
    at = bodyAt + length;
  }
  if (acks.length > 0) write(Buffer.from(acks));
  return bytes.subarray(at);
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    rest = answer(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), (acks) => socket.write(acks));
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
