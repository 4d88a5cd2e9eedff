/** A pure function of its bytes: it gives the same bits in whichever process it runs. */
export type BatchWork = (input: Uint8Array) => Uint8Array;

/** Work by the name of its kind. */
export type BatchWorks = Readonly<Record<string, BatchWork>>;

/** Parts of a job that are packed into bytes and done by whoever takes them. */
export interface Batches {
  /** Batches that are worth to be on their way at once. */
  readonly widthMax: number;
  /**
   * Does one batch; it may be done more than once, and its result is the same. A queue that is away is waited for.
   *
   * @throws OperatingError `batch_failed` when the work refused or broke; the reason of the signal
   */
  run(kind: string, input: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}
