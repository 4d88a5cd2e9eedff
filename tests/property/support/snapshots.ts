import type { Pipeline, PipelineState } from '../../../src/workers/pipeline.ts';

/** A snapshot as a start finds it. */
export interface KeptSnapshot {
  readonly state: PipelineState;
  readonly pieces: readonly Uint8Array[];
}

/** Of a pipeline between two ticks. Pieces are what a file gives, which is Buffers: their `slice` is a view. */
export function snapshotOf(pipeline: Pipeline): KeptSnapshot {
  const { state, nextPiece, end } = pipeline.beginSnapshot();
  const pieces: Uint8Array[] = [];
  for (let piece = nextPiece(); piece !== undefined; piece = nextPiece()) pieces.push(Buffer.from(piece));
  end();
  return { state: structuredClone(state), pieces };
}
