// A SIGKILL that can be aimed: the k-th boundary of a life never returns, and nothing of that life proceeds afterwards.
// Exactly like the signal, no `finally` and no `catch` runs. It knows nothing of what dies.

/** A promise that never settles: where the dead wait. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export class KillSwitch {
  /** Boundaries passed so far in this life, the fatal one included. */
  count = 0;
  /** Their names in order, for whoever tells where it ended. */
  readonly passed: string[] = [];
  #armedAt: number | string | null = null;
  #dead = false;
  #die: () => void = () => undefined;
  /** Null when the life is over. */
  readonly over: Promise<null> = new Promise((resolve) => {
    this.#die = () => resolve(null);
  });

  /** `armedAt` 1 kills at the first boundary, a name at the first one of that name; null never kills. */
  constructor(armedAt: number | string | null = null) {
    this.#armedAt = armedAt;
  }

  get dead(): boolean {
    return this.#dead;
  }

  arm(boundary: number | null): void {
    this.#armedAt = boundary;
  }

  /** Kills now, wherever the life stands. */
  kill(): void {
    this.#dead = true;
    this.#die();
  }

  /** A boundary. Virtual parts call it before and after whatever outlives the process. */
  async at(name: string): Promise<void> {
    if (this.#dead) return never();
    this.count += 1;
    this.passed.push(name);
    if (this.count !== this.#armedAt && name !== this.#armedAt) return;
    this.kill();
    return never();
  }

  /** Not a boundary: hangs when the life is over. Every call into a virtual part begins and ends with it. */
  async gate(): Promise<void> {
    if (this.#dead) return never();
  }
}
