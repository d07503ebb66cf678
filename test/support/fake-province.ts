/** Rows of a made-up province for the page's tests: thirteen sites in every state of health, one hub, one running meeting. */
import type { AuditEntry, HubView, LogEntry, MeetingView, SiteView } from '../../protocol/api.ts';
import { noGrant } from '../../protocol/grant.ts';
import type { RecordingView } from '../../protocol/recording.ts';

const rooms: readonly (readonly [site: string, name: string])[] = [
  ['ubnd-tinh', 'UBND tỉnh An Giang'],
  ['long-xuyen', 'TP. Long Xuyên'],
  ['chau-doc', 'TP. Châu Đốc'],
  ['tan-chau', 'TX. Tân Châu'],
  ['an-phu', 'Huyện An Phú'],
  ['chau-phu', 'Huyện Châu Phú'],
  ['chau-thanh', 'Huyện Châu Thành'],
  ['cho-moi', 'Huyện Chợ Mới'],
  ['phu-tan', 'Huyện Phú Tân'],
  ['thoai-son', 'Huyện Thoại Sơn'],
  ['tinh-bien', 'TX. Tịnh Biên'],
  ['tri-ton', 'Huyện Tri Tôn'],
  ['so-tttt', 'Sở Thông tin và Truyền thông'],
];

export const meetingId = 'm-giaoban2026';

/** A site with good figures, changed by `change`. */
export function siteRow(order: number, change: Partial<SiteView> = {}): SiteView {
  const [site, name] = rooms[order] ?? [`xa-${order}`, `Xã số ${order}`];
  return {
    site,
    name,
    order,
    state: 'online',
    because: '',
    since: 1_772_674_000_000,
    hub: 'hub-an-giang',
    protection: 'warm',
    paths: [],
    rttMs: 18 + order * 3,
    lossPercent: order % 3 === 0 ? 0 : 0.1 * order,
    upKbps: 210 + order,
    downKbps: 2450,
    lostFrames: 0,
    levelDb: -48,
    heardDb: null,
    speaking: false,
    tile: 'live',
    source: 'test pattern',
    encoder: 'x264enc',
    version: '0.1.0',
    panel: order === 0 ? 'https://10.1.0.5:9443' : null,
    devices: { driven: 2, wrong: 0, found: 0, seq: 1 },
    ...change,
  };
}

/** Thirteen sites: most good, one speaking, one degraded, one poor, one lost, one that never came. */
export const siteRows = (count = 13): SiteView[] =>
  Array.from({ length: count }, (_, order) => {
    if (order === 1) return siteRow(order, { speaking: true, levelDb: -18, upKbps: 1840 });
    if (order === 5) return siteRow(order, { lossPercent: 2.4, rttMs: 140 });
    if (order === 7)
      return siteRow(order, { lossPercent: 8.3, rttMs: 420, state: 'degraded', because: '8.3 % of packets are lost on the way' });
    if (order === 9)
      return siteRow(order, {
        state: 'offline',
        because: 'silent for more than 3 s',
        rttMs: null,
        lossPercent: null,
        upKbps: null,
        downKbps: null,
        levelDb: null,
        tile: 'slate',
      });
    if (order === 11)
      return siteRow(order, {
        state: 'never',
        because: 'it has never connected',
        since: null,
        hub: null,
        rttMs: null,
        lossPercent: null,
        upKbps: null,
        downKbps: null,
        lostFrames: null,
        levelDb: null,
        tile: null,
        source: null,
        encoder: null,
        version: null,
      });
    return siteRow(order);
  });

export const hubRow: HubView = {
  hub: 'hub-an-giang',
  name: 'Máy chủ hình An Giang',
  state: 'online',
  because: '',
  since: 1_772_674_000_000,
  host: '10.64.1.5',
  port: 9710,
  cores: 0.61,
};

/** A running meeting of `sites`, second site on air, third next. */
export function meetingRow(sites: readonly SiteView[], now: number, change: Partial<MeetingView> = {}): MeetingView {
  const ids = sites.map((each) => each.site);
  return {
    id: meetingId,
    title: 'Giao ban kinh tế – xã hội tháng 3 năm 2026',
    state: 'running',
    createdAt: now - 7_200_000,
    startedAt: now - 4_387_000,
    endedAt: null,
    hub: hubRow.hub,
    sites: ids.map((site, index) => ({ site, muted: index === 4 })),
    grant: {
      ...noGrant(1),
      n: 6,
      slots: ids.slice(1, 2),
      next: ids[2] ?? null,
      previous: ids[0] ?? null,
      muted: ids.slice(4, 5),
      chair: ids[0] ?? null,
    },
    floorSince: now - 193_000,
    layout: { mosaic: 'grid', page: 0 },
    recording: { id: 'r-abcdef2345', state: 'running', bytes: 812_000_000, because: 'admin asked for it' },
    mosaic: { state: 'running', fps: 14.9 },
    floor: { switched: 11, viewers: 11 },
    ...change,
  };
}

export const logRows = (now: number): LogEntry[] => [
  {
    id: 4,
    at: now - 30_000,
    node: 'thoai-son',
    kind: 'link',
    what: 'lost',
    severity: 'error',
    because: 'silent for more than 3 s',
    meeting: meetingId,
    facts: { peer: 'hub-an-giang' },
  },
  {
    id: 3,
    at: now - 95_000,
    node: 'cho-moi',
    kind: 'link',
    what: 'degraded',
    severity: 'warning',
    because: '8.3 % of packets are lost on the way',
    meeting: meetingId,
    facts: {},
  },
  {
    id: 2,
    at: now - 193_000,
    node: 'hub-an-giang',
    kind: 'floor',
    what: 'switched',
    severity: 'info',
    because: 'long-xuyen is given the floor',
    meeting: meetingId,
    facts: { site: 'long-xuyen', afterMs: 180 },
  },
  {
    id: 1,
    at: now - 600_000,
    node: 'tan-chau',
    kind: 'process',
    what: 'crashed',
    severity: 'warning',
    because: 'signal SIGKILL',
    meeting: null,
    facts: { program: 'worker' },
  },
];

export const auditRows = (now: number): AuditEntry[] => [
  {
    id: 2,
    at: now - 193_000,
    by: 'thu-ky',
    from: '10.64.1.20',
    act: 'meeting.floor',
    target: meetingId,
    outcome: 'done',
    detail: { site: 'long-xuyen' },
  },
  { id: 1, at: now - 4_387_000, by: 'admin', from: '10.64.1.9', act: 'meeting.start', target: meetingId, outcome: 'done', detail: null },
];

export const recordingRow = (now: number): RecordingView => ({
  hub: hubRow.hub,
  bytes: 1_450_000_000,
  expiresAt: now + 2_592_000_000,
  manifest: {
    recording: 'r-cuochop234',
    meeting: 'm-phienhop12',
    title: 'Phiên họp UBND tỉnh tháng 2',
    because: 'Lưu biên bản phiên họp',
    by: 'thu-ky',
    startedAt: now - 172_800_000,
    endedAt: now - 165_600_000,
    segments: [
      { file: '0000.mkv', site: 'ubnd-tinh', grantN: 1, startedAt: now - 172_800_000, endedAt: now - 170_000_000, bytes: 600_000_000 },
      { file: '0001.mkv', site: 'long-xuyen', grantN: 2, startedAt: now - 170_000_000, endedAt: now - 165_600_000, bytes: 850_000_000 },
    ],
  },
});
