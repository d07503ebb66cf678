/**
 * Previews of single sites, for who steers a camera: made when the first viewer comes and put away when the last has gone. Few at a time,
 * because each is a process; beyond that a viewer is told and sent away.
 */
import type { Plan } from '../../../protocol/schema/plan.ts';
import type { Tap } from '../forward/table.ts';
import { Preview, type PreviewOptions, tryAgainLater, type Watchable } from './service.ts';

/** Sites whose picture is muxed at the same time, in one meeting. */
export const maxSingles = 4;

const full = { vi: 'Đang mở quá nhiều hình xem riêng', en: 'Too many single pictures are open' } as const;

export class Singles {
  readonly #options: Omit<PreviewOptions, 'subject' | 'deserted'>;
  readonly #open = new Map<string, Preview>();
  readonly #closing = new Set<Promise<void>>();
  #plan: Plan;
  #made = 0;

  constructor(options: Omit<PreviewOptions, 'subject' | 'deserted'>) {
    this.#options = options;
    this.#plan = options.plan;
  }

  get taps(): readonly Tap[] {
    return [...this.#open.values()].flatMap((each) => each.taps);
  }

  get pids(): readonly number[] {
    return [...this.#open.values()].flatMap((each) => each.pids);
  }

  /** Sites that are watched, or were a moment ago. */
  get sites(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Where viewers of a site's picture come and go; undefined for a site that is not in the meeting. */
  at(site: string): Watchable | undefined {
    if (!this.#plan.sites.some((each) => each.site === site)) return undefined;
    let joined: Preview | null = null;
    return {
      add: (viewer) => {
        joined = this.#take(site);
        if (joined !== null) {
          joined.add(viewer);
          return;
        }
        viewer.text({ type: 'waiting', because: full[this.#plan.language] });
        viewer.close(tryAgainLater, 'too many single pictures');
      },
      remove: (viewer) => joined?.remove(viewer),
    };
  }

  apply(plan: Plan): void {
    this.#plan = plan;
    for (const preview of this.#open.values()) preview.apply(plan);
  }

  /** A view of the relay switched. */
  switched(view: string): void {
    for (const preview of this.#open.values()) preview.switched(view);
  }

  async stop(): Promise<void> {
    for (const site of this.sites) this.#end(site);
    await Promise.all(this.#closing);
  }

  #take(site: string): Preview | null {
    const known = this.#open.get(site);
    if (known !== undefined) return known;
    if (this.#open.size >= maxSingles) {
      // One that only waits for its viewer to come back makes room.
      const deserted = [...this.#open].find(([, { viewers }]) => viewers === 0)?.[0];
      if (deserted === undefined) return null;
      this.#end(deserted);
    }
    const preview = new Preview({
      ...this.#options,
      plan: this.#plan,
      subject: { is: 'site', site, n: this.#made++ },
      deserted: () => this.#end(site),
    });
    this.#open.set(site, preview);
    return preview;
  }

  #end(site: string): void {
    const preview = this.#open.get(site);
    if (preview === undefined) return;
    this.#open.delete(site);
    const closing = preview.stop().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
