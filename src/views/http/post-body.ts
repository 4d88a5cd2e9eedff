import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Post, PostRefused } from '../../broker/index.ts';

const unpack = promisify(gunzip);

/** How a body is packed. */
export type Packing = 'none' | 'gzip';

/** A body, why it is not taken, or that its sender went away. */
export type ReadBody = Buffer | PostRefused | 'gone';

/** The packing that a request names; undefined for one that is not unpacked here. */
export function packingOf(contentEncoding: string | undefined): Packing | undefined {
  const name = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return 'none';
  return name === 'gzip' || name === 'x-gzip' ? 'gzip' : undefined;
}

/**
 * Reads and unpacks a body, and never keeps more than is allowed: neither of what is sent nor of what comes out of it.
 * What is packed wrong comes back as it was sent: it is kept and found to be no text, and nobody sends it for ever.
 */
export async function readBody(
  request: IncomingMessage,
  post: Post,
  { packing, bytesMax }: { readonly packing: Packing; readonly bytesMax: number },
): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let length = 0;
  const stopped = await flow(request, (chunk) => {
    length += chunk.length;
    const refused = length > bytesMax ? tooLarge(bytesMax) : post.hold(chunk.length);
    chunks.push(chunk);
    return refused;
  });
  if (stopped !== undefined) return stopped;
  const body = Buffer.concat(chunks, length);
  return packing === 'gzip' && length > 0 ? unpacked(body, post, bytesMax) : body;
}

/** Of a body that is refused so much is read and thrown away, so that its sender comes to read the answer. */
const DISCARDED_BYTES_MAX = 4 << 20;

/** Reads on without keeping anything. @returns false when there is more: the connection cannot go on then */
export async function discardBody(request: IncomingMessage): Promise<boolean> {
  let left = DISCARDED_BYTES_MAX;
  const stopped = await flow(request, (chunk) => {
    left -= chunk.length;
    return left < 0 ? 'too much' : undefined;
  });
  return stopped === undefined;
}

/** A short text, such as a form; empty when it is longer than allowed. */
export async function textOf(request: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const stopped = await flow(request, (chunk) => {
    length += chunk.length;
    chunks.push(chunk);
    return length > bytesMax ? 'too much' : undefined;
  });
  return stopped === undefined ? Buffer.concat(chunks).toString('utf8') : '';
}

export function tooLarge(bytesMax: number): PostRefused {
  return { refused: 'too_large', cause: `the body has more than ${bytesMax} bytes (http.bodyMax)` };
}

/** Gives chunks on until there are no more, or an answer is had: leaving an iteration would cut the connection. */
function flow<Stop>(
  request: IncomingMessage,
  take: (chunk: Buffer) => Stop | undefined,
): Promise<Stop | 'gone' | undefined> {
  if (request.readableEnded) return Promise.resolve(undefined);
  if (request.destroyed) return Promise.resolve('gone');
  return new Promise((resolve) => {
    const settle = (outcome: Stop | 'gone' | undefined): void => {
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      request.pause();
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      const stop = take(chunk);
      if (stop !== undefined) settle(stop);
    };
    const onEnd = (): void => settle(undefined);
    const onGone = (): void => settle('gone');
    request.on('data', onData).once('end', onEnd).once('close', onGone).once('error', onGone);
    request.resume();
  });
}

async function unpacked(body: Buffer, post: Post, bytesMax: number): Promise<Buffer | PostRefused> {
  const refused = post.reserve(bytesMax);
  if (refused !== undefined) return refused;
  try {
    return await unpack(body, { maxOutputLength: bytesMax });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(bytesMax) : body;
  }
}
