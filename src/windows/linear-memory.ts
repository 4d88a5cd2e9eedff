import type { WindowSettings } from './window-settings.ts';

/** Memory that grows and keeps its contents; views of it are made anew after each growth. */
export interface LinearMemory {
  /** What is there now; another buffer after `grow`. */
  readonly buffer: ArrayBuffer;
  /**
   * Makes it at least this long.
   *
   * @returns false when the memory's bound does not allow it
   */
  grow(bytes: number): boolean;
}

const MEMORY_BYTES_MAX = 4 * 2 ** 30;
/** Engines for fewer series work in plain memory: a WebAssembly memory reserves address space, which tests use up. */
const PLAIN_SERIES_MAX = 10_000;

const PAGE_BYTES = 65_536;
/** WebAssembly's 32-bit addresses. */
const PAGES_MAX = 65_536;

/** Memory that a WebAssembly kernel can work on; it grows in place. */
export class WasmMemory implements LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = Math.min(bytesMax, PAGES_MAX * PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: Math.ceil(this.#bytesMax / PAGE_BYTES) });
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer;
  }

  grow(bytes: number): boolean {
    const have = this.memory.buffer.byteLength;
    if (bytes <= have) return true;
    if (bytes > this.#bytesMax) return false;
    // An eighth at a time: growing makes all views anew.
    const wanted = Math.min(this.#bytesMax, Math.max(bytes, Math.floor(have * 1.125)));
    this.memory.grow(Math.ceil((wanted - have) / PAGE_BYTES));
    return true;
  }
}

/** Plain memory, for small engines: it is copied when it grows. */
export class PlainMemory implements LinearMemory {
  buffer = new ArrayBuffer(PAGE_BYTES);
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  grow(bytes: number): boolean {
    const have = this.buffer.byteLength;
    if (bytes <= have) return true;
    if (bytes > this.#bytesMax) return false;
    const wanted = Math.min(this.#bytesMax, Math.max(bytes, 2 * have));
    this.buffer = this.buffer.transfer(Math.ceil(wanted / PAGE_BYTES) * PAGE_BYTES);
    return true;
  }
}

/** The memory that suits an engine of these settings. */
export function memoryFor(settings: Pick<WindowSettings, 'seriesMax' | 'memoryBytesMax' | 'kernel'>): LinearMemory {
  const bytesMax = settings.memoryBytesMax ?? MEMORY_BYTES_MAX;
  const isPlain = settings.kernel !== 'wasm' && settings.seriesMax <= PLAIN_SERIES_MAX;
  return isPlain ? new PlainMemory(bytesMax) : new WasmMemory(bytesMax);
}
