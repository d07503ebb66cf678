/** What the boxes of a meeting say to this hub about pictures, and what it asks of them: keyframes wanted, keyframes to be made, a hub to be woken. */
import type { Relay } from '../../hardware/relay/relay.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import { fullScreen } from '../../protocol/plan.ts';
import type { ControlFromHub } from '../../protocol/schema/control.ts';
import type { FromEdge } from './control/server.ts';
import { attached, ownerOf } from './forward/table.ts';
import { thinningMs } from './forward/thinning.ts';
import type { Meeting } from './meeting.ts';
import { because } from './report/because.ts';

export interface ViewersOptions {
  readonly node: string;
  readonly relay: Relay;
  readonly clock: Clock;
  readonly log: Log;
  readonly meetings: ReadonlyMap<string, Meeting>;
  /** Somebody lost this stream's picture. */
  readonly lost: (ssrc: number) => void;
  readonly say: (site: string, message: ControlFromHub) => void;
  /** Whom this hub serves has changed; resolves when the relay serves them. */
  readonly changed: () => Promise<void>;
}

export class Viewers {
  readonly #options: ViewersOptions;
  #looks: Timer | null = null;
  #looking = false;

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  /** Looks at the ways to viewers from now on. */
  start(): void {
    this.#looks = this.#options.clock.every(thinningMs, 'ways to viewers are looked at', () => void this.#look());
  }

  stop(): void {
    this.#looks?.cancel();
  }

  /** Asks whoever makes this stream for an IDR. */
  ask(ssrc: number): void {
    for (const meeting of this.#options.meetings.values()) {
      if (meeting.hub.streams.mosaic.ssrc === ssrc) {
        meeting.mosaic.keyframe();
        return;
      }
      const owner = ownerOf(meeting.plan, ssrc);
      if (owner === null || owner.kind === 'audio') continue;
      this.#options.say(owner.site, { type: 'keyframe', meeting: meeting.plan.meeting, kind: owner.kind });
      return;
    }
  }

  heard(node: string, message: Exclude<FromEdge, { type: 'grant' }>): void {
    const { meetings, log, changed, lost } = this.#options;
    const meeting = meetings.get(message.meeting);
    // An edge that knows its plan before we do is not wrong, only early.
    if (meeting === undefined || !attached(meeting.plan, this.#options.node).some(({ site }) => site === node)) return;
    switch (message.type) {
      case 'wake':
        if (!meeting.wake(node, message.on)) return;
        log.info({ node, on: message.on }, 'a site that this hub stands by for');
        // An IDR that is asked for before the relay sends there passes it by.
        void changed().then(() => (message.on ? this.joined(node) : undefined));
        return;
      case 'shown':
        log.debug({ node, site: message.site, grantN: message.grantN }, 'floor shown');
        return;
      case 'need-keyframe': {
        const ssrc = (message.ssrc & 0xfffffff0) >>> 0;
        if (ownerOf(meeting.plan, ssrc) !== null || meeting.hub.streams.mosaic.ssrc === ssrc) lost(ssrc);
        return;
      }
      default:
        message satisfies never;
    }
  }

  /** A view of the relay shows another stream. */
  switched(view: string, ssrc: number, afterMs: number): void {
    const { meetings, log } = this.#options;
    for (const meeting of meetings.values()) {
      meeting.switched(view, ssrc);
      const owner = view.startsWith('floor.') ? ownerOf(meeting.plan, ssrc) : null;
      if (owner !== null) log.info({ view, site: owner.site, grantN: meeting.plan.grant.n, afterMs }, 'floor switched');
    }
  }

  /** A viewer came (back): without an IDR it would wait for the next one of each stream. */
  joined(site: string): void {
    const { meetings, lost } = this.#options;
    for (const meeting of meetings.values()) {
      if (!meeting.plan.sites.some((each) => each.site === site)) continue;
      const screen = fullScreen(meeting.plan, site);
      const main = screen.shows === 'main' ? meeting.plan.sites.find((each) => each.site === screen.site) : undefined;
      const level = meeting.thinning.thinned.get(site) ?? 0;
      if (level === 0 || screen.shows === 'mosaic') lost(meeting.hub.streams.mosaic.ssrc);
      if (main !== undefined) lost(level === 2 ? main.streams.tile.ssrc : main.streams.main.ssrc);
    }
  }

  async #look(): Promise<void> {
    const { meetings, relay, log } = this.#options;
    if (this.#looking || meetings.size === 0 || relay.state !== 'up') return;
    this.#looking = true;
    try {
      const queues = await relay.queues();
      for (const { plan, awake, thinning } of meetings.values()) thinning.look(plan, awake, queues);
    } catch (error) {
      log.debug({ because: because(error) }, 'relay did not tell its queues');
    } finally {
      this.#looking = false;
    }
  }
}
