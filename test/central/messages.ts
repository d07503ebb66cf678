/** Messages of nodes as they come over the broker, right ones; tests make them wrong. */
export const bootA = 'aaaaaaaaaaaaaaaa';
export const bootB = 'bbbbbbbbbbbbbbbb';
export const at = 1_700_000_000_000;

export const eventBody = {
  kind: 'process',
  severity: 'info',
  what: 'started',
  because: 'asked',
  meeting: null,
  facts: { restarts: 1 },
} as const;
export const status = (state: 'online' | 'offline') => ({ state, role: 'edge', version: '1', since: at, because: state }) as const;
export const reported = {
  role: 'edge',
  rev: 1,
  satisfied: true,
  because: 'done',
  meetings: [] as string[],
  grants: [],
  parts: [],
  address: null,
  media: null,
} as const;
export const linkUp = {
  peer: 'hub-1',
  path: null,
  resting: false,
  direction: 'up',
  connected: true,
  rttMs: 4,
  lossPercent: 1,
  dropped: 0,
  retransmitted: 0,
  kbps: 200,
} as const;
export const edgeSample = (lostFrames = 0, links: readonly object[] = [linkUp]) => ({
  role: 'edge' as const,
  links: links as (typeof linkUp)[],
  hub: null,
  source: { state: 'live' as const, fps: 25, because: '' },
  mainBecause: null,
  floor: { site: null, grantN: 0, frames: 25, lostFrames, maxGapMs: 40, ageMs: null },
  mosaic: { frames: 15, lostFrames: 0, maxGapMs: 70 },
  mix: { packets: 50, lost: 0, levelDb: null },
  host: { cores: 0.1, rssMb: 50, load1: 0.2, diskFreeMb: 1000, outboxRecords: 0 },
});
export const wrap = (node: string, body: unknown, { boot = bootA, seq = 0 } = {}): string =>
  JSON.stringify({ v: 1, node, boot, seq, at, body });
