/** Plans, desired states and identities for tests, with sensible defaults; the same for hub, edge, central and page. */
import { noGrant } from '../../protocol/grant.ts';
import type { Desired, EdgeDesired, HubDesired } from '../../protocol/schema/desired.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import type { Plan, PlanHub, PlanSite, Protection, VideoFormat } from '../../protocol/schema/plan.ts';
import { baseSsrc } from '../../protocol/ssrc.ts';

export const mainFormat: VideoFormat = { width: 1280, height: 720, fps: 25, kbps: 1500 };
export const tileFormat: VideoFormat = { width: 320, height: 180, fps: 15, kbps: 150 };
export const mosaicFormat: VideoFormat = { width: 1280, height: 720, fps: 15, kbps: 1500 };

/** Boot ids are 16 hex digits; a readable one for tests. */
export const testBoot = '00000000000000aa';

export interface PlanOptions {
  /** Default `m-abcdefgh`. */
  readonly meeting?: string;
  /** How many sites (`site-1`…), or their names. Default 3. */
  readonly sites?: number | readonly string[];
  /** Default one hub `hub-1` on 127.0.0.1. Every site is attached to all of them, in order. */
  readonly hubs?: readonly { readonly hub: string; readonly host?: string; readonly port: number }[];
  /** SRT latency. Default 40. */
  readonly latencyMs?: number;
  /** On air, first is the main picture. Default nobody. */
  readonly onAir?: readonly string[];
  readonly next?: string | null;
  readonly previous?: string | null;
  /** Number of the grant. Default 1 when somebody is on air, else 0. */
  readonly n?: number;
  readonly muted?: readonly string[];
  /** The site whose panel may rule. Default none. */
  readonly chair?: string | null;
  /** Default none. */
  readonly protection?: Protection;
  /** WAN links of every site; default one without a name. */
  readonly paths?: readonly string[];
  readonly main?: VideoFormat;
  readonly frameMs?: 20 | 40;
  readonly recording?: string | null;
  readonly layout?: Plan['layout'];
}

/** Names of sites as people know them, for slates. */
const wards = [
  'Long Xuyên',
  'Châu Đốc',
  'Tân Châu',
  'Chợ Mới',
  'Thoại Sơn',
  'Tịnh Biên',
  'Tri Tôn',
  'Phú Tân',
  'An Phú',
  'Châu Phú',
  'Rạch Giá',
  'Hà Tiên',
  'Phú Quốc',
  'Kiên Lương',
  'Hòn Đất',
  'U Minh',
];

export function planSite(meeting: string, site: string, hubs: readonly string[], options: PlanOptions = {}, index = 0): PlanSite {
  return {
    site,
    name: wards[index % wards.length] ?? site,
    hubs: hubs.flatMap((hub) => (options.paths ?? [null]).map((path) => ({ hub, path }))),
    protection: options.protection ?? 'none',
    streams: {
      main: { ssrc: baseSsrc(meeting, site, 'main'), format: options.main ?? mainFormat },
      tile: { ssrc: baseSsrc(meeting, site, 'tile'), format: tileFormat },
      audio: { ssrc: baseSsrc(meeting, site, 'audio'), format: { kbps: 32, frameMs: options.frameMs ?? 20 } },
      content: null,
    },
  };
}

/** A plan that fits its schema. */
export function plan(options: PlanOptions = {}): Plan {
  const meeting = options.meeting ?? 'm-abcdefgh';
  const sites =
    typeof options.sites === 'object' ? options.sites : Array.from({ length: options.sites ?? 3 }, (_, index) => `site-${index + 1}`);
  const hubs = (options.hubs ?? [{ hub: 'hub-1', port: 9710 }]).map(
    ({ hub, host = '127.0.0.1', port }): PlanHub => ({
      hub,
      host,
      paths: [],
      port,
      latencyMs: options.latencyMs ?? 40,
      streams: {
        mosaic: { ssrc: baseSsrc(meeting, hub, 'mosaic'), format: mosaicFormat },
        mix: { ssrc: baseSsrc(meeting, hub, 'mix'), format: { kbps: 32, frameMs: options.frameMs ?? 20 } },
      },
    }),
  );
  const slots = [...(options.onAir ?? [])];
  return {
    meeting,
    title: 'Họp giao ban',
    language: 'vi',
    hubs,
    sites: sites.map((site, index) =>
      planSite(
        meeting,
        site,
        hubs.map(({ hub }) => hub),
        options,
        index,
      ),
    ),
    grant: {
      ...noGrant(1),
      n: options.n ?? (slots.length > 0 ? 1 : 0),
      slots,
      next: options.next ?? null,
      previous: options.previous ?? null,
      muted: [...(options.muted ?? [])].sort(),
      chair: options.chair ?? null,
    },

    layout: options.layout ?? { mosaic: 'grid', page: 0 },
    recording: typeof options.recording === 'string' ? { id: options.recording, because: 'test', by: 'test' } : null,
  };
}

/** The key between a hub and a site in a meeting: any text of 32 letters does, but each pair has its own. */
export function mediaKey(meeting: string, one: string, other: string): string {
  const [a, b] = [one, other].sort();
  return `${meeting}${a}${b}`
    .replace(/[^A-Za-z0-9]/g, '')
    .padEnd(32, 'x')
    .slice(0, 79);
}

export function hubDesired(plans: readonly Plan[], hub = 'hub-1'): HubDesired {
  const keys = plans.flatMap(({ meeting, sites }) => sites.map(({ site }) => ({ meeting, peer: site, key: mediaKey(meeting, hub, site) })));
  return { role: 'hub', plans: [...plans], keys };
}

export function edgeDesired(
  of: Plan | null,
  site: string,
  name = site,
  devices: readonly DeviceWish[] = [],
  scene: EdgeDesired['scene'] = null,
): EdgeDesired {
  const keys = of === null ? [] : of.hubs.map(({ hub }) => ({ meeting: of.meeting, peer: hub, key: mediaKey(of.meeting, hub, site) }));
  return { role: 'edge', name, plan: of, keys, panel: null, devices: [...devices], scene };
}

/** The message that central publishes retained at `down/desired`. */
export function desired(node: string, rev: number, want: HubDesired | EdgeDesired, at = 1_800_000_000_000): Desired {
  return { v: 1, node, boot: testBoot, seq: rev, at, body: { rev, want } };
}
