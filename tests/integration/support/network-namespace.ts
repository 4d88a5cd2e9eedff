import { spawnSync } from 'node:child_process';
import { installed } from '../../../harness/index.ts';

const IP = installed('/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip');

/** True where this process may make network namespaces. */
export function hasNamespaces(): boolean {
  const name = `vitals-probe-${process.pid}`;
  if (IP === undefined || process.getuid?.() !== 0) return false;
  const isMade = spawnSync(IP, ['netns', 'add', name]).status === 0;
  return isMade && spawnSync(IP, ['netns', 'del', name]).status === 0;
}

/** A network of its own for processes, joined with this one's by a cable that can be cut. */
export class NetworkNamespace {
  /** Of this side, as seen from inside. */
  readonly address: string;
  /** Begins the command line of a process that lives inside. */
  readonly under: readonly string[];
  readonly #name = `vitals-${process.pid}`;
  readonly #outside = `vt${process.pid}o`;

  constructor() {
    const inside = `vt${process.pid}i`;
    // A range that is set aside for tests of networks, four addresses for each process.
    const at = 4 * (process.pid % 16_384);
    const address = (last: number): string => `198.18.${at >> 8}.${(at & 255) + last}`;
    this.address = address(1);
    this.under = [IP!, 'netns', 'exec', this.#name];
    ip(`netns add ${this.#name}`);
    ip(`link add ${this.#outside} type veth peer name ${inside} netns ${this.#name}`);
    ip(`address add ${this.address}/30 dev ${this.#outside}`);
    ip(`link set ${this.#outside} up`);
    ip(`-n ${this.#name} address add ${address(2)}/30 dev ${inside}`);
    ip(`-n ${this.#name} link set ${inside} up`);
    ip(`-n ${this.#name} link set lo up`);
  }

  /** Nothing comes through any more, and nobody is told. */
  cut(): void {
    ip(`link set ${this.#outside} down`);
  }

  mend(): void {
    ip(`link set ${this.#outside} up`);
  }

  /** Once no process lives inside; the cable goes with it. */
  close(): void {
    ip(`netns del ${this.#name}`);
  }
}

function ip(words: string): void {
  const { status, stderr } = spawnSync(IP!, words.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words}: ${stderr}`);
}
