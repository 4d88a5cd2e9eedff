import type { Finding } from '../check.ts';
import type { Round } from '../round.ts';
import type { Tool } from '../tools.ts';

/** One kind of disturbance. */
export interface Fault {
  readonly name: string;
  readonly title: string;
  /** Share of the time, beside those of the other faults. */
  readonly weight: number;
  readonly needs: readonly Tool[];
  /** One round: starts the product and the publishers, disturbs, lets everything come through, and looks at the result. */
  run(round: Round): Promise<Finding>;
}
