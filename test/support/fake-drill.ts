/** A drill for looking at the page: one fault passed, one failed, one refused; over, and not signed yet. */
import type { DrillStep, DrillView } from '../../protocol/drill.ts';

export const fakeDrillId = 'd-abcdefghjk';

const step = (change: Partial<DrillStep> & Pick<DrillStep, 'fault' | 'state'>, at: number): DrillStep => ({
  node: 'long-xuyen',
  ms: 5000,
  startedAt: at,
  wholeAt: at + 7400,
  because: '',
  figures: [],
  rooms: [],
  switched: [],
  ...change,
});

export const fakeDrill = (now: number): DrillView => ({
  signOff: null,
  drill: {
    id: fakeDrillId,
    by: 'thu-ky',
    orderedAt: now - 180_000,
    endedAt: now - 60_000,
    state: 'done',
    because: 'everything was tried',
    meeting: 'm-diendap234',
    own: true,
    consent: null,
    sites: ['long-xuyen', 'chau-doc', 'tan-chau'],
    verdict: 'failed',
    steps: [
      step(
        {
          fault: 'camera',
          state: 'passed',
          figures: [{ name: 'sourceGapMs', of: 'part', goal: 300, n: 1, p50: 184, p95: 184, max: 184, passed: true }],
          switched: [{ at: now - 170_000, node: 'long-xuyen', kind: 'source', what: 'backup', because: 'a drill took it away', ms: 184 }],
        },
        now - 170_000,
      ),
      step(
        {
          fault: 'hub',
          state: 'failed',
          node: 'hub-an-giang',
          figures: [
            { name: 'floorLost', of: 'hot', goal: 0, n: 3, p50: 0, p95: 0, max: 0, passed: true },
            { name: 'mosaicGapMs', of: 'hot', goal: 500, n: 3, p50: 440, p95: 710, max: 710, passed: false },
            { name: 'floorGapMs', of: 'warm', goal: 1000, n: 0, p50: null, p95: null, max: null, passed: null },
          ],
          rooms: ['long-xuyen', 'chau-doc', 'tan-chau'].map((site) => ({
            site,
            protection: 'hot',
            samples: 12,
            floorLost: 0,
            floorGapMs: 84,
            mosaicGapMs: 440,
            audioGapMs: 60,
          })),
        },
        now - 120_000,
      ),
      step(
        { fault: 'path', state: 'refused', because: 'there is no second path: to lose this one would put the site out of the meeting' },
        now - 80_000,
      ),
    ],
  },
});
