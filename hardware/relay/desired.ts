/** What a relay should be doing: one command per key, in the order in which a new process has to hear them. Pure. */
import type { Command } from '../../protocol/node/program.ts';

/** Keys begin with one of these; earlier ones are said first, so that nobody is let in before there is a place for what they send. */
const ORDER = ['tune', 'pace', 'input', 'route', 'view', 'allow', 'listen', 'connect'] as const;
export type Topic = (typeof ORDER)[number];

export class Desired {
  readonly #commands = new Map<Topic, Map<string, Command>>(ORDER.map((topic) => [topic, new Map()]));

  get(topic: Topic, key: string): Command | undefined {
    return this.#commands.get(topic)?.get(key);
  }

  /** False when the same is wanted already. */
  set(topic: Topic, key: string, command: Command): boolean {
    const before = this.get(topic, key);
    if (before && JSON.stringify(before) === JSON.stringify(command)) return false;
    this.#commands.get(topic)?.set(key, command);
    return true;
  }

  /** False when it was not wanted. With `only`, removes nothing but that very command. */
  remove(topic: Topic, key: string, only?: Command): boolean {
    if (only && this.get(topic, key) !== only) return false;
    return this.#commands.get(topic)?.delete(key) ?? false;
  }

  /** All of it, in order. */
  *all(): Generator<readonly [Topic, string, Command]> {
    for (const [topic, commands] of this.#commands) for (const [key, command] of [...commands]) yield [topic, key, command];
  }
}
