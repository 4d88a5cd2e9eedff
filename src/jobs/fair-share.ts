/** A node that is alive, and how many names it holds. */
export interface NodeHolding {
  readonly id: string;
  readonly held: number;
}

/**
 * How many of the names a node is to hold. The shares of all nodes together are all names: where they cannot be equal, those
 * who hold most already have one more, so that nobody gives up what another one would have to take for nothing.
 *
 * @param nodes with the node itself
 */
export function shareOf(node: string, nodes: readonly NodeHolding[], nameCount: number): number {
  const self = nodes.find(({ id }) => id === node);
  if (self === undefined) return 0;
  const least = Math.floor(nameCount / nodes.length);
  const withOneMore = nameCount % nodes.length;
  let before = 0;
  for (const other of nodes) if (isBefore(other, self)) before++;
  return before < withOneMore ? least + 1 : least;
}

/** The most that any node is to hold. */
export function largestShare(nodeCount: number, nameCount: number): number {
  return Math.ceil(nameCount / nodeCount);
}

/** Whether two looks at the nodes show the same; another order counts as a change. */
export function isSame(nodes: readonly NodeHolding[], before: readonly NodeHolding[]): boolean {
  const isAt = ({ id, held }: NodeHolding, at: number): boolean => before[at]?.id === id && before[at]?.held === held;
  return nodes.length === before.length && nodes.every(isAt);
}

/** The same order for all who see the same, whatever order they see it in. */
function isBefore(one: NodeHolding, other: NodeHolding): boolean {
  return one.held === other.held ? one.id < other.id : one.held > other.held;
}

/** Which ones to give up: those beyond the share, the newest ones, for which there is the least to warm up again. */
export function beyondShare<T extends { readonly number: number }>(held: readonly T[], share: number): readonly T[] {
  if (held.length <= share) return [];
  return held.toSorted((one, other) => one.number - other.number).slice(share);
}
