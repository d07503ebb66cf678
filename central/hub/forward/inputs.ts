/**
 * The relay's loopback inputs: one for each part that makes a stream. They are numbered, and numbers are used again: a relay keeps every name that it
 * has ever heard and has room for a thousand, which the meetings of a year would fill.
 */
import type { Relay } from '../../../hardware/relay/relay.ts';

export type InputPart = 'mosaic' | 'audio';

export interface Input {
  readonly name: string;
  /** On loopback. */
  readonly port: number;
}

export class Inputs {
  readonly #relay: Pick<Relay, 'input' | 'closeInput'>;
  readonly #taken = new Set<string>();

  constructor(relay: Pick<Relay, 'input' | 'closeInput'>) {
    this.#relay = relay;
  }

  /** @throws FaultError when the relay is not up. */
  async open(part: InputPart): Promise<Input> {
    let number = 0;
    while (this.#taken.has(`${part}.${number}`)) number += 1;
    const name = `${part}.${number}`;
    this.#taken.add(name);
    try {
      return { name, port: await this.#relay.input(name) };
    } catch (error) {
      this.#taken.delete(name);
      throw error;
    }
  }

  /** @throws FaultError when the relay is not up; the name is free again all the same. */
  async close({ name }: Input): Promise<void> {
    try {
      await this.#relay.closeInput(name);
    } finally {
      this.#taken.delete(name);
    }
  }
}
