/** A question that may never be answered: it is asked once at a time, and the last answer holds meanwhile. */
export class Latest<T> {
  readonly #question: () => Promise<T>;
  #value: T;
  #asking = false;

  /** @param value until the first answer. */
  constructor(question: () => Promise<T>, value: T) {
    this.#question = question;
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  /** True when this question was answered; false at once while one before it is not. */
  async ask(): Promise<boolean> {
    if (this.#asking) return false;
    this.#asking = true;
    try {
      this.#value = await this.#question();
      return true;
    } finally {
      this.#asking = false;
    }
  }
}
