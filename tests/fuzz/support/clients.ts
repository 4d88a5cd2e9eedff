import { connect, type Socket } from 'node:net';
import { connectPacket, pubackOf, publishPacket } from '../../unit/broker/support/raw-client.ts';
import type { Burst } from './packets.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function connectTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  // A connection that the broker ends while it is written to is reset.
  socket.on('error', () => {});
  return socket;
}

/**
 * Sends a burst, waits for what answers it and closes the connection. A valid one has to be answered up to its last
 * packet; any other is answered or ended.
 *
 * @returns when the connection is closed on both sides
 */
export async function sendBurst(url: string, { pieces, isValid, answerBytes }: Burst): Promise<void> {
  const socket = connectTo(url);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  let bytes = 0;
  let answered: () => void = () => {};
  const isAnswered = new Promise<void>((resolve) => {
    answered = resolve;
  });
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes >= answerBytes) answered();
  });
  for (const piece of pieces) {
    socket.write(piece);
    await turn();
  }
  if (isValid) {
    const isEnded = await Promise.race([isAnswered.then(() => false), closed.then(() => true)]);
    if (isEnded) throw new Error('a connection that did nothing wrong was ended');
    if (bytes > answerBytes) throw new Error(`${bytes} bytes answer what ${answerBytes} would`);
  }
  socket.end();
  await closed;
}

/** Publishes one message after the other at QoS 1, each when the one before was acknowledged. */
export class SteadyPublisher {
  acknowledged = 0;
  #socket: Socket;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  #answers = Buffer.alloc(0);
  #isStopped = false;

  constructor(url: string) {
    this.#socket = connectTo(url);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#answers = Buffer.concat([this.#answers, chunk]);
      this.#wake();
    });
    this.#socket.on('close', () => {
      if (!this.#isStopped) this.#failure = new Error('a publisher that did nothing wrong was cut off');
      this.#wake();
    });
  }

  /** @param isDurable tells that the journal has answered the message */
  async run(isDurable: (number: number) => boolean): Promise<void> {
    this.#socket.write(connectPacket({ clientId: 'steady' }));
    await this.#take(4);
    for (let number = 1; !this.#isStopped; number++) {
      const messageId = 1 + (number % 0xffff);
      this.#socket.write(publishPacket('in/steady', String(number), { qos: 1, messageId }));
      const answer = await this.#take(4);
      if (!answer.equals(pubackOf(messageId))) throw new Error(`message ${number} got ${answer.toString('hex')}`);
      if (!isDurable(number)) throw new Error(`message ${number} was acknowledged before the journal had it`);
      this.acknowledged = number;
    }
    this.#socket.destroy();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #take(bytes: number): Promise<Buffer> {
    while (this.#answers.length < bytes) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const taken = this.#answers.subarray(0, bytes);
    this.#answers = this.#answers.subarray(bytes);
    return taken;
  }
}
