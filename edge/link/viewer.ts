/** What this site, as a viewer, tells: that the floor's picture is here, and which pictures wait for a keyframe. */
import type { Clock } from '../../protocol/clock.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Controls } from './controls.ts';
import type { MediaLink } from './link.ts';
import { floorIs, keyframeCame, nothingShown, type ShownStep } from './shown.ts';
import { heard } from './tables.ts';

export class Viewer {
  readonly #me: string;
  readonly #clock: Clock;
  readonly #media: MediaLink;
  readonly #controls: Controls;
  readonly #tell: (event: EventBody) => void;
  #plan: Plan | null = null;
  /** Whose picture was told of last: a new grant with the same picture is no news for people. */
  #told: string | null = null;
  #shown = nothingShown;

  constructor(me: string, clock: Clock, media: MediaLink, controls: Controls, tell: (event: EventBody) => void) {
    this.#me = me;
    this.#clock = clock;
    this.#media = media;
    this.#controls = controls;
    this.#tell = tell;
    media.on('keyframe', ({ ssrc, at }) => this.#step(keyframeCame(this.#shown, ssrc, at)));
    controls.on('up', () => this.askWaiting());
  }

  /** The plan in force. */
  follow(plan: Plan | null): void {
    this.#plan = plan;
    if (heard(plan, this.#me).floorSite === null) this.#told = null;
    const grant = plan === null ? null : `${plan.meeting} ${plan.grant.epoch}.${plan.grant.n}`;
    this.#step(floorIs(this.#shown, grant, heard(plan, this.#me).floor, this.#clock.mono()));
  }

  /** Asks for every picture that waits. To be repeated: a request may be lost with the channel, or its IDR with a link. */
  askWaiting(): void {
    for (const view of this.#media.waiting) if (view !== 'mix') this.needKeyframe(view);
  }

  needKeyframe(picture: 'floor' | 'mosaic'): void {
    const plan = this.#plan;
    const ssrc = heard(plan, this.#me)[picture];
    if (plan !== null && ssrc !== null) this.#controls.send({ type: 'need-keyframe', meeting: plan.meeting, ssrc });
  }

  #step({ state, at }: ShownStep): void {
    this.#shown = state;
    const plan = this.#plan;
    const { floorSite } = heard(plan, this.#me);
    if (at === null || plan === null || floorSite === null) return;
    this.#controls.send({ type: 'shown', meeting: plan.meeting, site: floorSite, grantN: plan.grant.n, mono: at });
    if (this.#told === floorSite) return;
    this.#told = floorSite;
    this.#tell({
      kind: 'floor',
      severity: 'info',
      what: 'shown',
      because: 'the first whole picture came',
      meeting: plan.meeting,
      facts: { site: floorSite, grantN: plan.grant.n, mono: at },
    });
  }
}
