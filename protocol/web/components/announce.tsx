/** What changed, said by screen readers. Polite texts are gathered, so that a flood of changes is one sentence; urgent ones are said at once. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock, Timer } from '../../clock.ts';

/** At most one polite sentence in this time. */
const gatherMs = 1500;
/** Texts kept while gathering; more than that nobody listens to. */
const gatherMost = 4;

export class Announcer {
  readonly #clock: Clock;
  readonly #polite = signal('');
  readonly #urgent = signal('');
  #gathered: readonly string[] = [];
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get polite(): ReadonlySignal<string> {
    return this.#polite;
  }
  get urgent(): ReadonlySignal<string> {
    return this.#urgent;
  }

  say(text: string): void {
    this.#gathered = [...this.#gathered.filter((each) => each !== text), text].slice(-gatherMost);
    this.#timer ??= this.#clock.after(gatherMs, 'announce', () => {
      this.#polite.value = this.#gathered.join(' ');
      this.#gathered = [];
      this.#timer = null;
    });
  }

  warn(text: string): void {
    this.#urgent.value = text;
  }
}

export function LiveRegions({ announcer }: { readonly announcer: Announcer }) {
  return (
    <>
      <div class="unseen" role="status" aria-live="polite">
        {announcer.polite.value}
      </div>
      <div class="unseen" role="alert" aria-live="assertive">
        {announcer.urgent.value}
      </div>
    </>
  );
}
