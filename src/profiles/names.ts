/** A mistake in a profile, with the path of the key; the loader adds the file. */
export class ProfileProblem extends Error {
  override readonly name = 'ProfileProblem';
  constructor(at: string, message: string) {
    super(`${at}: ${message}`);
  }
}

/**
 * The names that templates and paths of a profile may use, each with its place in `Scope.slots`. A child sees its
 * parent's names; its own are unknown to its siblings, so that a name left over from another block cannot be used.
 */
export class Names {
  readonly #slots: Map<string, number>;
  readonly #counter: { next: number };

  constructor(slots = new Map<string, number>(), counter = { next: 0 }) {
    this.#slots = slots;
    this.#counter = counter;
  }

  get count(): number {
    return this.#counter.next;
  }

  child(): Names {
    return new Names(new Map(this.#slots), this.#counter);
  }

  declare(name: string, at: string): number {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new ProfileProblem(
        at,
        `"${name}" is no name; allowed are letters, digits and _, not starting with a digit`,
      );
    }
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const slot = this.#counter.next++;
    this.#slots.set(name, slot);
    return slot;
  }

  find(name: string, at: string): number {
    const slot = this.#slots.get(name);
    if (slot !== undefined) return slot;
    throw new ProfileProblem(
      at,
      `the name "${name}" is not known here; known: ${[...this.#slots.keys()].join(', ') || 'none'}`,
    );
  }
}
