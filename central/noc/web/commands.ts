/**
 * Commands under way and notices about them. A command shows as "sending" until central answers; nothing on the page pretends to have changed
 * before the change comes back over the stream.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock } from '../../../protocol/clock.ts';
import type { Trouble } from '../../../protocol/web/problem.ts';
import type { Reply } from './api.ts';

export interface Notice {
  readonly id: number;
  readonly about: { readonly is: 'trouble'; readonly trouble: Trouble } | { readonly is: 'done'; readonly text: string };
}

/** A good message leaves by itself; an error stays until it is dismissed or five newer ones came. */
const doneStaysMs = 6000;
const noticesKept = 5;

export class Commands {
  readonly #clock: Clock;
  readonly #pending = signal<ReadonlySet<string>>(new Set());
  readonly #notices = signal<readonly Notice[]>([]);
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Names of the commands that wait for an answer. */
  get pending(): ReadonlySignal<ReadonlySet<string>> {
    return this.#pending;
  }
  get notices(): ReadonlySignal<readonly Notice[]> {
    return this.#notices;
  }

  /** Sends `act` unless a command of the same name is under way. Says `done` when it worked, and what was wrong when not. */
  async run<T>(name: string, act: () => Promise<Reply<T>>, done?: string): Promise<Reply<T> | null> {
    if (this.#pending.peek().has(name)) return null;
    this.#pending.value = new Set([...this.#pending.peek(), name]);
    const reply = await act();
    this.#pending.value = new Set([...this.#pending.peek()].filter((each) => each !== name));
    if (!reply.ok) this.trouble(reply.trouble);
    else if (done !== undefined) this.say(done);
    return reply;
  }

  say(text: string): void {
    const id = this.#add({ is: 'done', text });
    this.#clock.after(doneStaysMs, 'notice leaves', () => this.dismiss(id));
  }

  trouble(trouble: Trouble): void {
    this.#add({ is: 'trouble', trouble });
  }

  dismiss(id: number): void {
    this.#notices.value = this.#notices.peek().filter((each) => each.id !== id);
  }

  #add(about: Notice['about']): number {
    this.#count += 1;
    const same = JSON.stringify(about);
    const others = this.#notices.peek().filter((each) => JSON.stringify(each.about) !== same);
    this.#notices.value = [...others, { id: this.#count, about }].slice(-noticesKept);
    return this.#count;
  }
}
