/** What a room may notice of each fault, as data: the figures that the product promises. A drill measures against them. Times in ms. */
import type { DrillFault, FigureName, Whom } from '../../protocol/drill.ts';

export interface Goal {
  readonly name: FigureName;
  readonly of: Whom;
  readonly goal: number;
}

const untouched: Goal = { name: 'floorLost', of: 'viewers', goal: 0 };

export const goals: Readonly<Record<DrillFault, readonly Goal[]>> = {
  /** Camera or its cable: the backup camera, or the slate. */
  camera: [{ name: 'sourceGapMs', of: 'part', goal: 300 }],
  /** Media worker of a box, killed. */
  worker: [
    { name: 'outageMs', of: 'part', goal: 600 },
    { name: 'floorGapMs', of: 'viewers', goal: 600 },
  ],
  /** Its relay is the only link while it is gone. */
  relay: [{ name: 'outageMs', of: 'part', goal: 1000 }],
  /** One of two paths. */
  path: [untouched, { name: 'floorGapMs', of: 'viewers', goal: 120 }],
  /** The only path, from when it is back. */
  onlyPath: [{ name: 'backMs', of: 'part', goal: 1000 }],
  hub: [
    { name: 'floorLost', of: 'hot', goal: 0 },
    { name: 'floorGapMs', of: 'hot', goal: 120 },
    { name: 'audioGapMs', of: 'hot', goal: 200 },
    { name: 'mosaicGapMs', of: 'hot', goal: 500 },
    { name: 'floorGapMs', of: 'warm', goal: 1000 },
  ],
  /** What decodes on a hub is in nobody's way. */
  mosaic: [untouched, { name: 'mosaicGapMs', of: 'hot', goal: 500 }],
  mixer: [untouched, { name: 'audioGapMs', of: 'hot', goal: 200 }],
  /** What this hub alone misses; another that records too fills the gap. */
  recorder: [untouched, { name: 'recordGapMs', of: 'part', goal: 1000 }],
  broker: [untouched, { name: 'eventsLost', of: 'part', goal: 0 }],
};
