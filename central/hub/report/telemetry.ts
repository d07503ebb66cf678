/** From the relay's counters to what central is told once a second. Counters only grow; differences are taken here. Pure. */

import type { Static } from 'typebox';
import type { ConnectionStats, RelayStats } from '../../../hardware/relay/stats.ts';
import { fullScreen, onAir } from '../../../protocol/plan.ts';
import type { Plan } from '../../../protocol/schema/plan.ts';
import type { LinkSample } from '../../../protocol/schema/telemetry.ts';
import { attached, type Local, serves, viewName } from '../forward/table.ts';

type Link = Static<typeof LinkSample>;

const since = (now: number, before: number | undefined): number => Math.max(0, now - (before ?? 0));

/** One SRT connection during the last interval. `before` is null when it is new. */
export function linkSample(peer: string, now: ConnectionStats, before: ConnectionStats | null, seconds: number): Link {
  const up = now.streamId.startsWith('pub/');
  const packets = up ? since(now.received, before?.received) : since(now.sent, before?.sent);
  const lost = since(now.lost, before?.lost);
  const bytes = up ? since(now.bytesReceived, before?.bytesReceived) : since(now.bytesSent, before?.bytesSent);
  const whole = up ? packets + lost : packets;
  return {
    peer,
    path: now.streamId.split('/')[2] ?? null,
    resting: false,
    direction: up ? 'up' : 'down',
    connected: now.state === 'up',
    rttMs: now.rttMs,
    lossPercent: whole === 0 ? 0 : Math.min(100, (100 * lost) / whole),
    dropped: since(now.dropped, before?.dropped) + since(now.belated, before?.belated),
    retransmitted: since(now.retransmitted, before?.retransmitted),
    kbps: seconds > 0 ? Math.round((bytes * 8) / 1000 / seconds) : 0,
  };
}

/** The links of a site. With several paths the worst connected one is told: it is the one to look at. */
export function siteLinks(
  site: string,
  now: RelayStats,
  before: RelayStats | null,
): { readonly up: Link | null; readonly down: Link | null } {
  const seconds = before === null ? 0 : (now.at - before.at) / 1000;
  const of = (direction: 'pub' | 'sub'): Link | null => {
    const samples = now.connections
      .filter(({ peer, streamId }) => peer === site && streamId.startsWith(`${direction}/`))
      .map((each) =>
        linkSample(site, each, before?.connections.find((old) => old.peer === site && old.streamId === each.streamId) ?? null, seconds),
      );
    return samples.sort((a, b) => Number(b.connected) - Number(a.connected) || b.lossPercent - a.lossPercent)[0] ?? null;
  };
  return { up: of('pub'), down: of('sub') };
}

/** How many of the connected viewers who should see the speaker do. @param shown base SSRC that a view shows. */
export function floorReach(
  plan: Plan,
  hub: string,
  stats: RelayStats | null,
  shown: (view: string) => number | undefined,
  { awake, thinned }: Pick<Local, 'awake' | 'thinned'>,
): { readonly grantN: number; readonly switched: number; readonly viewers: number } {
  const speaker = plan.sites.find(({ site }) => site === onAir(plan));
  const watching = attached(plan, hub).filter((each) => {
    if (!serves(each, hub, awake)) return false;
    const { site } = each;
    const screen = fullScreen(plan, site);
    const connected = stats?.connections.some(
      ({ peer, streamId, state }) => peer === site && streamId.startsWith('sub/') && state === 'up',
    );
    return connected === true && screen.shows === 'main' && screen.site === speaker?.site;
  });
  const picture = (viewer: string): number | undefined =>
    thinned.get(viewer) === 2 ? speaker?.streams.tile.ssrc : speaker?.streams.main.ssrc;
  const switched = watching.filter((viewer) => shown(viewName('floor', viewer)) === picture(viewer.site));
  return { grantN: plan.grant.n, switched: switched.length, viewers: watching.length };
}
