/** What the decoding site of a stamped demo has read of the pictures' stamps: one line a second in its data folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Demo } from '../support/demo.ts';

export interface Reading {
  readonly samplesMs: readonly number[];
  readonly read: number;
  readonly corrupt: number;
}

export interface StampLine {
  readonly floor: Reading;
  readonly mosaic: Reading;
}

/** The lines that `site` wrote so far. */
export function stampLines(demo: Demo, site: string): readonly StampLine[] {
  const text = readFileSync(join(demo.data, 'edges', site, 'stamps.jsonl'), 'utf8');
  return text.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as StampLine] : []));
}

/** What a counter has counted over all lines: it grows, and begins anew with a new worker. */
export function counted(readings: readonly number[]): number {
  return readings.reduce((sum, now, index) => {
    const before = readings[index - 1] ?? 0;
    return sum + (now >= before ? now - before : now);
  }, 0);
}
