import { versionOf } from './record-file.ts';

const LOOK_EVERY_MS = 500;

/**
 * Reads a file again when another version was put in its place. It is looked at and not watched: file systems of
 * containers and networks tell of no changes.
 */
export class WatchedRecords {
  readonly #file: string;
  readonly #read: () => void;
  readonly #onProblem: (error: Error) => void;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  /** What was read, or undefined where that failed. */
  #version: string | undefined;
  #problem = '';

  /**
   * @param read takes over what the file holds now; called at once, where its errors are the caller's
   * @param onProblem told when a later version cannot be read: what was read before stays in force, and it is tried again;
   *   of failures in a row that say the same, told once
   */
  constructor(file: string, read: () => void, onProblem: (error: Error) => void) {
    this.#file = file;
    this.#read = read;
    this.#onProblem = onProblem;
    this.#take();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  look(): void {
    if (versionOf(this.#file) === this.#version) return;
    try {
      this.#take();
    } catch (error) {
      this.#tell(error as Error);
      return;
    }
    this.#problem = '';
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #take(): void {
    // Of before the reading: a version that comes meanwhile is read the next time.
    const version = versionOf(this.#file);
    // It may not be the file's fault: too many are open, or somebody mends its rights.
    this.#version = undefined;
    this.#read();
    this.#version = version;
  }

  #tell(error: Error): void {
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    this.#onProblem(error);
  }
}
