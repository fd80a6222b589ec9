/** Answers that stop after a few words until they are released, by the name in their prompt's `hold` directive. */
export class Holds {
  readonly #byName = new Map<string, { reached: PromiseWithResolvers<void>; released: PromiseWithResolvers<void> }>();

  #of(name: string) {
    const hold = this.#byName.get(name) ?? { reached: Promise.withResolvers(), released: Promise.withResolvers() };
    this.#byName.set(name, hold);
    return hold;
  }

  /** Resolves at the release of `name`, at once if it was released before. */
  pass(name: string): Promise<void> {
    const { reached, released } = this.#of(name);
    reached.resolve();
    return released.promise;
  }

  /** Resolves when an answer has stopped at `name`. */
  reached(name: string): Promise<void> {
    return this.#of(name).reached.promise;
  }

  release(name: string): void {
    this.#of(name).released.resolve();
  }

  /** Releases all answers; their names hold again. */
  reset(): void {
    for (const { released } of this.#byName.values()) released.resolve();
    this.#byName.clear();
  }
}
