import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/*
 * What strace saw of a product, and whether it acknowledged anything before it was on disk. Messages are matched by
 * their bytes: PUBLISH as read from a socket, the same payload as written to a segment of the journal, the fdatasync
 * that returned after it, and the PUBACK with the packet's id as written to the same socket.
 */

const TRACED = 'fdatasync,read,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,recvfrom';
const READS = new Set(['read', 'recvfrom']);
const WRITES = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendto', 'sendmsg']);
/** Reads of the product are 64 KiB. */
const STRING_BYTES = 1 << 17;
/** As strace -xx writes the end of a segment's path; what is no path is written as it is. */
const JOURNAL = [...Buffer.from('.journal')].map((byte) => `\\x${byte.toString(16)}`).join('');
const TCP = 'TCP:[';

/** The command line before that of the product; strace becomes its child, so that the process id is the product's. */
export function straceArguments(program: string, logFile: string, inject?: string): string[] {
  const faults = inject === undefined ? [] : ['-e', `inject=${inject}`];
  const how = ['-D', '-f', '-qq', '-yy', '-xx', '-s', String(STRING_BYTES), '-e', 'signal=none'];
  return [program, ...how, '-e', `trace=${TRACED}`, ...faults, '-o', logFile];
}

/** What came out of a log. */
export interface SyscallFindings {
  /** PUBLISH packets at QoS 1 that were read, and acknowledgements that were written. */
  readonly publishCount: number;
  readonly acknowledgedCount: number;
  /** fdatasync of the journal that returned without an error, and those that failed. */
  readonly syncCount: number;
  readonly failedSyncCount: number;
  /** Acknowledgements of what was not yet on disk, in words. */
  readonly early: readonly string[];
  /** Acknowledgements that were written after a failed fdatasync. */
  readonly afterFailure: number;
}

/** Reads a log of `straceArguments` from its start to its end. */
export async function readSyscallLog(file: string): Promise<SyscallFindings> {
  const reading = new LogReading();
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) reading.take(line);
  return reading.findings();
}

/** One line of a log: a call begins, ends, or both. */
interface Call {
  readonly thread: string;
  readonly name: string;
  /** Descriptor number and what it is: the path in hexadecimal, or the two ends of a connection. */
  readonly descriptor: string;
  readonly target: string;
  readonly bytes: Buffer;
  readonly result: number | undefined;
  readonly phase: 'whole' | 'begins' | 'ends';
}

class LogReading {
  /** Of calls that have begun and not ended, by thread. */
  readonly #begun = new Map<string, Call>();
  /** By descriptor: bytes that are no whole packet yet, and payloads by packet id. */
  readonly #sockets = new Map<string, { rest: Buffer; readonly payloads: Map<number, string> }>();
  /** Written and not synced, and synced: journal bytes in latin1, in order. */
  #written: string[] = [];
  readonly #durable = new Set<string>();
  /** Payloads that were read and are looked for in what is written. */
  readonly #wanted = new Set<string>();
  readonly #early: string[] = [];
  /** How much had been written when each running fdatasync began. */
  readonly #syncing = new Map<string, number>();
  #publishes = 0;
  #acknowledged = 0;
  #syncs = 0;
  #failedSyncs = 0;
  #afterFailure = 0;

  take(line: string): void {
    // The product reads files, too, and wakes its threads: most lines are of no interest.
    if (!line.includes(TCP) && !line.includes(JOURNAL) && !line.includes(' resumed>')) return;
    const call = this.#callOf(line);
    if (call === undefined) return;
    const isOnJournal = call.target.includes(JOURNAL);
    if (call.name === 'fdatasync' && isOnJournal) this.#sync(call);
    else if (WRITES.has(call.name) && isOnJournal) {
      if (call.phase !== 'begins') this.#written.push(call.bytes.toString('latin1'));
    } else if (call.target.startsWith(TCP)) this.#network(call);
  }

  findings(): SyscallFindings {
    return {
      publishCount: this.#publishes,
      acknowledgedCount: this.#acknowledged,
      syncCount: this.#syncs,
      failedSyncCount: this.#failedSyncs,
      early: this.#early,
      afterFailure: this.#afterFailure,
    };
  }

  #callOf(line: string): Call | undefined {
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/.exec(line);
    if (resumed !== null) {
      const begun = this.#begun.get(resumed[1]!);
      this.#begun.delete(resumed[1]!);
      if (begun === undefined || begun.name !== resumed[2]) return undefined;
      // Of reads the bytes stand behind the resumption, of writes before it.
      const bytes = READS.has(begun.name) ? bytesIn(resumed[3]!) : begun.bytes;
      return { ...begun, bytes, result: resultIn(resumed[3]!), phase: 'ends' };
    }
    const head = /^(\d+) +(\w+)\((\d+)<(TCP:\[[^\]]*\]|[^>]*)>/.exec(line);
    if (head === null) return undefined;
    const isUnfinished = line.endsWith('<unfinished ...>');
    const call: Call = {
      thread: head[1]!,
      name: head[2]!,
      descriptor: head[3]!,
      target: head[4]!,
      bytes: bytesIn(line.slice(head[0].length)),
      result: isUnfinished ? undefined : resultIn(line),
      phase: isUnfinished ? 'begins' : 'whole',
    };
    if (isUnfinished) this.#begun.set(call.thread, call);
    return call;
  }

  #sync({ phase, thread, result }: Call): void {
    if (phase !== 'ends') this.#syncing.set(thread, this.#written.length);
    if (phase === 'begins') return;
    const covered = this.#syncing.get(thread) ?? 0;
    this.#syncing.delete(thread);
    if (result !== 0) {
      this.#failedSyncs++;
      return;
    }
    this.#syncs++;
    const synced = this.#written.slice(0, covered).join('');
    this.#written = this.#written.slice(covered);
    for (const payload of this.#wanted) {
      if (!synced.includes(payload)) continue;
      this.#wanted.delete(payload);
      this.#durable.add(payload);
    }
  }

  #network(call: Call): void {
    const socket = this.#sockets.get(call.descriptor + call.target) ?? { rest: Buffer.alloc(0), payloads: new Map() };
    this.#sockets.set(call.descriptor + call.target, socket);
    if (READS.has(call.name)) {
      if (call.phase === 'begins' || (call.result ?? 0) <= 0) return;
      socket.rest = this.#publishesIn(Buffer.concat([socket.rest, call.bytes]), socket.payloads);
    } else if (call.phase !== 'ends')
      // The moment that a write begins is the one that matters.
      this.#acknowledgements(call.bytes, socket.payloads);
  }

  /** Takes whole packets off; returns what is left. */
  #publishesIn(bytes: Buffer, payloads: Map<number, string>): Buffer {
    let at = 0;
    for (;;) {
      const packet = packetAt(bytes, at);
      if (packet === undefined) return bytes.subarray(at);
      if (bytes[at]! >> 4 === 3 && (bytes[at]! & 6) === 2) {
        const idAt = packet.bodyAt + 2 + bytes.readUInt16BE(packet.bodyAt);
        const payload = bytes.toString('latin1', idAt + 2, packet.end);
        payloads.set(bytes.readUInt16BE(idAt), payload);
        if (!this.#durable.has(payload)) this.#wanted.add(payload);
        this.#publishes++;
      }
      at = packet.end;
    }
  }

  #acknowledgements(bytes: Buffer, payloads: ReadonlyMap<number, string>): void {
    for (let at = 0; at + 4 <= bytes.length && bytes[at] === 0x40; at += 4) {
      const id = bytes.readUInt16BE(at + 2);
      const payload = payloads.get(id);
      this.#acknowledged++;
      if (this.#failedSyncs > 0) this.#afterFailure++;
      if (payload === undefined || !this.#durable.has(payload)) {
        this.#early.push(`packet ${id} with ${payload?.slice(0, 80) ?? 'a payload that was not seen'}`);
      }
    }
  }
}

function packetAt(bytes: Buffer, at: number): { readonly bodyAt: number; readonly end: number } | undefined {
  let length = 0;
  for (let place = 1; place <= 4 && at + place < bytes.length; place++) {
    const digit = bytes[at + place]!;
    length += (digit & 0x7f) << (7 * (place - 1));
    if (digit > 0x7f) continue;
    const bodyAt = at + place + 1;
    return bodyAt + length <= bytes.length ? { bodyAt, end: bodyAt + length } : undefined;
  }
  return undefined;
}

/** All quoted strings of a line, back to back. */
function bytesIn(text: string): Buffer {
  const quoted = text.match(/"(?:\\x[0-9a-f]{2})*"/g) ?? [];
  return Buffer.from(quoted.join('').replaceAll('"', '').replaceAll('\\x', ''), 'hex');
}

function resultIn(text: string): number | undefined {
  const found = / = (-?\d+)(?: |$|<)/.exec(text.slice(Math.max(0, text.length - 120)));
  return found === null ? undefined : Number(found[1]);
}
