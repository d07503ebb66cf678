/** The wall clock of one machine of a lab: can be set wrong while its processes run, and jumps for all of them at once (native/shift.c). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../protocol/node/root.ts';

export interface WallClock {
  /** For the processes of the machine, and for those that they start. */
  readonly env: Readonly<Record<string, string>>;
  /** Ahead of true time by so much from now on; behind: negative. */
  set(aheadMs: number): void;
}

const library = join(packageRoot(), 'build', 'native', 'shift.so');

export function wallClock(folder: string, name: string): WallClock {
  const file = join(folder, `${name}.clock`);
  const set = (aheadMs: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(aheadMs)) * 1_000_000n);
    // In place: the processes have the file mapped. Eight aligned bytes of one page are seen whole.
    writeFileSync(file, bytes, { flag: 'r+' });
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, Buffer.alloc(8));
  return { env: { LD_PRELOAD: library, SHIFT_FILE: file }, set };
}
