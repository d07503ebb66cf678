/**
 * Drills at a site: the box breaks a part of itself on purpose, for a while, without touching the network or the hardware. A path is refused where
 * no other is live; the only path is cut all the same, because its return is what is measured.
 */
import type { Clock } from '../protocol/clock.ts';
import type { NodeFault } from '../protocol/drill.ts';
import type { EventBody } from '../protocol/schema/event.ts';

/** A link of this box as it is now. */
export interface DrillLink {
  readonly link: string;
  /** Null: whatever way its system takes. */
  readonly path: string | null;
  readonly hub: string;
  readonly live: boolean;
}

/** What a drill may lay hands on. Each answers null when it is done, or why not. */
export interface DrillParts {
  /** The meeting that the site is in. */
  readonly meeting: () => string | null;
  readonly link: {
    readonly links: readonly DrillLink[];
    /** For `ms` nothing goes over these links. @throws FaultError when the relay does not do it. */
    cut(links: readonly string[], ms: number): Promise<void>;
    restart(): string | null;
  };
  /** Null: nothing is sent yet. */
  readonly picture: () => {
    killWorkers(): string | null;
    barCamera(ms: number): string | null;
    admitCamera(): void;
  } | null;
  readonly clock: Pick<Clock, 'mono'>;
  readonly tell: (event: EventBody) => void;
}

const nothingSent = 'nothing is sent now';

export interface DrillOutcome {
  readonly outcome: 'done' | 'refused';
  readonly because: string;
}

const refused = (because: string): DrillOutcome => ({ outcome: 'refused', because });

/** The links of the path to be cut, or why none may be. Paths in the order of the plan; the one left must reach every hub that the site has. Pure. */
export function linksToCut(links: readonly DrillLink[], fault: 'path' | 'onlyPath'): readonly string[] | string {
  const live = links.filter((each) => each.live);
  if (live.length === 0) return 'no link is connected: there is nothing to cut';
  if (fault === 'onlyPath') return links.map(({ link }) => link);
  const paths = [...new Set(links.map(({ path }) => path))];
  const [first = null] = paths;
  if (paths.length < 2) return 'there is no second path: to lose this one would put the site out of the meeting';
  const rest = links.filter(({ path }) => path !== first);
  const dead = rest.find((each) => !each.live);
  if (dead !== undefined) return `the other path ${dead.path ?? ''} to ${dead.hub} is not connected`.replace('  ', ' ');
  return links.filter(({ path }) => path === first).map(({ link }) => link);
}

export class SiteDrill {
  readonly #parts: DrillParts;
  /** Links that are cut until then (monotonic ms). */
  #cut: { readonly links: readonly string[]; readonly until: number } | null = null;

  constructor(parts: DrillParts) {
    this.#parts = parts;
  }

  /** Breaks it, unless a condition is not met. @throws FaultError when the relay does not answer. */
  async inflict(fault: NodeFault, meeting: string, ms: number): Promise<DrillOutcome> {
    const mine = this.#parts.meeting();
    if (mine !== meeting) return refused(`this site is ${mine === null ? 'in no meeting' : 'in another meeting'}`);
    const problem = await this.#do(fault, ms);
    if (problem !== null) return refused(problem);
    const because = `a drill takes away: ${fault}`;
    this.#parts.tell({ kind: 'drill', severity: 'warning', what: 'inflicted', because, meeting, facts: { fault, ms } });
    return { outcome: 'done', because };
  }

  /** Whatever has not healed yet does so now. */
  async heal(): Promise<DrillOutcome> {
    this.#parts.picture()?.admitCamera();
    const cut = this.#cut;
    this.#cut = null;
    const known = new Set(this.#parts.link.links.map(({ link }) => link));
    if (cut !== null && cut.until > this.#parts.clock.mono())
      await this.#parts.link.cut(
        cut.links.filter((each) => known.has(each)),
        1,
      );
    return { outcome: 'done', because: 'the drill is called off' };
  }

  async #do(fault: NodeFault, ms: number): Promise<string | null> {
    const { link, clock } = this.#parts;
    const picture = this.#parts.picture();
    switch (fault) {
      case 'camera':
        return picture === null ? nothingSent : picture.barCamera(ms);
      case 'worker':
        return picture === null ? nothingSent : picture.killWorkers();
      case 'relay':
        return link.restart();
      case 'path':
      case 'onlyPath': {
        const chosen = linksToCut(link.links, fault);
        if (typeof chosen === 'string') return chosen;
        this.#cut = { links: chosen, until: clock.mono() + ms };
        await link.cut(chosen, ms);
        return null;
      }
      case 'hub':
      case 'mosaic':
      case 'mixer':
      case 'recorder':
        return `a site has no ${fault}`;
      default:
        return fault satisfies never;
    }
  }
}
