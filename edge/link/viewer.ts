/** What this site, as a viewer, tells: that the floor's picture is here, and which pictures wait for a keyframe. */
import type { Clock } from '../../protocol/clock.ts';
import type { Controls } from '../../protocol/node/controls.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { MediaLink, Shown } from './link.ts';
import { floorIs, keyframeCame, nothingShown, type ShownStep } from './shown.ts';
import { heard, type ViewName } from './tables.ts';
import { plannedHubs } from './ways.ts';

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
  /** Whose mosaic and mix are shown, as the relay has said; null: the first hub's. */
  #hub: string | null = null;
  /** Of each view. */
  readonly #hubs = new Map<ViewName, string>();

  constructor(me: string, clock: Clock, media: MediaLink, controls: Controls, tell: (event: EventBody) => void) {
    this.#me = me;
    this.#clock = clock;
    this.#media = media;
    this.#controls = controls;
    this.#tell = tell;
    // The small picture of the speaker, where it stands in, is the floor's picture.
    media.on('keyframe', ({ ssrc, at }) => {
      const { floor, small } = heard(this.#plan, this.#me);
      this.#step(keyframeCame(this.#shown, ssrc === small && floor !== null ? floor : ssrc, at));
    });
    media.on('wanted', ({ ssrc }) => this.#ask(ssrc));
    media.on('shown', (info) => this.#switched(info));
    controls.on('up', () => this.askWaiting());
  }

  /** The plan in force; null also when its meeting has ended. */
  follow(plan: Plan | null): void {
    if (plan?.meeting !== this.#plan?.meeting) {
      this.#hub = null;
      this.#hubs.clear();
    }
    this.#plan = plan;
    if (heard(plan, this.#me).floorSite === null) this.#told = null;
    const grant = plan === null ? null : `${plan.meeting} ${plan.grant.epoch}.${plan.grant.by}.${plan.grant.n}`;
    this.#step(floorIs(this.#shown, grant, heard(plan, this.#me).floor, this.#clock.mono()));
  }

  /** Asks for every picture that waits. To be repeated: a request may be lost with the channel, or its IDR with a link. */
  askWaiting(): void {
    for (const view of this.#media.waiting) if (view !== 'mix') this.needKeyframe(view);
  }

  needKeyframe(picture: 'floor' | 'mosaic'): void {
    const ssrc = heard(this.#plan, this.#me, this.hub)[picture];
    if (ssrc !== null) this.#ask(ssrc);
  }

  /** Whose mosaic is shown; null: no meeting. */
  get hub(): string | null {
    const hubs = this.#plan === null ? [] : plannedHubs(this.#plan, this.#me);
    return (hubs.find(({ hub }) => hub === this.#hub) ?? hubs[0])?.hub ?? null;
  }

  /** Hubs that do not make or forward it take no notice. */
  #ask(ssrc: number): void {
    if (this.#plan !== null) this.#controls.send({ type: 'need-keyframe', meeting: this.#plan.meeting, ssrc });
  }

  /** The relay has gone over to another hub's mosaic or mix by itself. */
  #switched({
    view,
    ssrc,
    because,
    gapMs,
  }: {
    readonly view: ViewName;
    readonly ssrc: number;
    readonly because: Shown;
    readonly gapMs: number;
  }): void {
    if (this.#plan === null || view === 'floor') return;
    const hub = plannedHubs(this.#plan, this.#me).find(({ streams }) => streams[view].ssrc === ssrc)?.hub;
    if (hub === undefined) return;
    const from = this.#hubs.get(view) ?? null;
    this.#hubs.set(view, hub);
    if (view === 'mosaic') this.#hub = hub;
    if (because === 'asked' || from === hub) return;
    this.#tell({
      kind: 'hub',
      severity: because === 'stalled' ? 'warning' : 'info',
      what: because === 'stalled' ? 'taken-over' : 'returned',
      because: because === 'stalled' ? `the ${view} of ${from ?? 'the first hub'} stopped` : `the ${view} of ${hub} comes again`,
      meeting: this.#plan.meeting,
      facts: { from, to: hub, stream: view, gapMs: Math.round(gapMs) },
    });
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
