import { setImmediate as turn } from 'node:timers/promises';
import { OperatingError } from '../../base/index.ts';
import type { Batches, BatchWorks } from '../batches.ts';
import { sentenceOf } from '../job-text.ts';

/** Does batches in this process, one after the other, and lets everything else have its turn between them. */
export function createInlineBatches(works: BatchWorks): Batches {
  return {
    widthMax: 1,
    run: async (kind, input, signal) => {
      await turn();
      signal.throwIfAborted();
      const work = works[kind];
      if (work === undefined) throw new OperatingError('batch_failed', `cannot do a batch ${kind}: it is not known`);
      try {
        return work(input);
      } catch (cause) {
        throw new OperatingError('batch_failed', `cannot do a batch ${kind}: ${sentenceOf(cause)}`, { cause });
      }
    },
    close: async () => undefined,
  };
}
