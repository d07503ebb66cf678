/** Looks at the ways to a meeting's viewers several times a second and says who is sent less; thin.ts has the rules. */
import type { Relay } from '../../../hardware/relay/relay.ts';
import type { RelayQueues } from '../../../hardware/relay/stats.ts';
import type { Log } from '../../../protocol/log.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import type { ThinSample } from '../../../protocol/schema/telemetry.ts';
import { event, type Note } from '../note.ts';
import { attached, serves } from './table.ts';
import { levelOf, notThin, paceOf, type Thin, type Thinned, thinSample, thinStep } from './thin.ts';

export interface ThinningOptions {
  readonly relay: Pick<Relay, 'pace'>;
  readonly log: Log;
  readonly note: Note;
  readonly hub: PlanHub;
  /** Somebody is sent less, or more. */
  readonly changed: () => Promise<void>;
  /** A viewer gets this stream from now on in the middle: ask for an IDR. */
  readonly ask: (ssrc: number) => void;
}

/** How often it is to be looked. */
export const thinningMs = 300;

export class Thinning {
  readonly #options: ThinningOptions;
  readonly #viewers = new Map<string, Thin>();

  constructor(options: ThinningOptions) {
    this.#options = options;
  }

  get thinned(): Thinned {
    return new Map([...this.#viewers].flatMap(([site, thin]) => (levelOf(thin) === 0 ? [] : [[site, levelOf(thin)] as const])));
  }

  sample(site: string): ThinSample | undefined {
    const thin = this.#viewers.get(site);
    return thin === undefined ? undefined : thinSample(thin);
  }

  /** One look. @param awake sites that this hub serves though the plan has them elsewhere. */
  look(plan: Plan, awake: ReadonlySet<string>, queues: RelayQueues): void {
    const { hub } = this.#options;
    const served = attached(plan, hub.hub).filter((each) => serves(each, hub.hub, awake));
    for (const site of [...this.#viewers.keys()]) if (!served.some((each) => each.site === site)) this.#forget(site);
    let changed = false;
    for (const { site } of served) {
      const before = this.#viewers.get(site) ?? notThin;
      const { thin, what } = thinStep(before, plan, hub, site, queues);
      this.#viewers.set(site, thin);
      this.#pace(site, paceOf(thin, plan, hub, site));
      if (what !== null) this.#tell(plan.meeting, site, thin, what);
      const [was, is] = [levelOf(before), levelOf(thin)];
      if (was === is) continue;
      changed = true;
      this.#options.log.info({ site, level: is, from: was, kbps: thin.kbps }, 'a viewer is sent less or more');
    }
    if (!changed) return;
    // For those to whom the relay sends it from then on; harmless for those who had it all the while.
    void this.#options.changed().then(() => this.#options.ask(hub.streams.mosaic.ssrc));
  }

  /** The meeting is over. */
  stop(): void {
    for (const site of [...this.#viewers.keys()]) this.#forget(site);
  }

  #forget(site: string): void {
    this.#viewers.delete(site);
    this.#pace(site, null);
  }

  #pace(site: string, kbps: number | null): void {
    this.#options.relay.pace(site, kbps).catch((error: unknown) => this.#options.log.warn({ err: error, site }, 'no pace could be set'));
  }

  #tell(meeting: string, site: string, thin: Thin, what: 'narrowed' | 'widened'): void {
    const facts = { peer: site, direction: 'down', level: levelOf(thin), kbps: thin.kbps };
    const because = what === 'narrowed' ? thinSample(thin).because : 'there is room for everything again';
    this.#options.note(event('link', what === 'narrowed' ? 'warning' : 'info', what, because, meeting, facts));
  }
}
