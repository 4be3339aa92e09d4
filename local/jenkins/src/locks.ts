interface Waiting {
  owner: string;
  granted: () => void;
}

/** Resources that one build holds at a time; who waits gets them in order. */
export class Locks {
  private readonly held = new Map<string, { owner: string; waiting: Waiting[] }>();

  /** Who holds a resource. */
  holder(resource: string): string | undefined {
    return this.held.get(resource)?.owner;
  }

  /** Resolves when the owner has the resource. */
  async acquire(resource: string, owner: string): Promise<void> {
    const current = this.held.get(resource);
    if (!current) {
      this.held.set(resource, { owner, waiting: [] });
      return;
    }
    await new Promise<void>((granted) => current.waiting.push({ owner, granted }));
  }

  /** Gives a resource on to who waits first. Nothing when the owner does not hold it. */
  release(resource: string, owner: string): void {
    const current = this.held.get(resource);
    if (current?.owner !== owner) return;
    const next = current.waiting.shift();
    if (!next) {
      this.held.delete(resource);
      return;
    }
    current.owner = next.owner;
    next.granted();
  }

  /** All that an owner holds or waits for, when it has ended. */
  releaseAll(owner: string): void {
    for (const [resource, current] of this.held) {
      current.waiting = current.waiting.filter((waiting) => waiting.owner !== owner);
      this.release(resource, owner);
    }
  }
}
