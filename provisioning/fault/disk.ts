/** The disk of the demo's data is full: a file that leaves less than a hub keeps free, and room enough for everything else that lives there. */
import { execFileSync, spawn } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type Kinds, Refused, seconds } from './kind.ts';

const MB = 1024 * 1024;
/** Half of what hubs keep free (`recordings.minFreeMb`, 1024). */
const LEFT_MB = 512;

/** The file that fills the disk. */
export const fillFile = (data: string): string => join(data, 'fault-disk');

/** Removes it after `forS` seconds in a process of its own, which outlives this command and the demo. */
function removeLater(file: string, forS: number): void {
  const script = 'sleep "$1"; rm -f -- "$2"';
  spawn('/bin/sh', ['-c', script, 'sh', String(forS), file], { detached: true, stdio: 'ignore', cwd: '/' }).unref();
}

export const disk: Kinds = {
  disk: {
    takes: '[SECONDS]',
    about: "fills the disk that the demo's data lies on, but for half a gigabyte (default: for 20 s)",
    async run({ data }, [time]) {
      const forS = seconds(time, 20, 120);
      const { bavail, bsize } = statfsSync(data);
      const sizeMb = Math.floor((bavail * bsize) / MB) - LEFT_MB;
      if (sizeMb <= 0) throw new Refused(`the disk is full already: less than ${LEFT_MB} MB are free`);
      const file = fillFile(data);
      // Before the file is there: whatever becomes of us, it goes.
      removeLater(file, forS);
      try {
        execFileSync('fallocate', ['-l', `${sizeMb}M`, file], { stdio: ['ignore', 'ignore', 'pipe'] });
      } catch (error) {
        rmSync(file, { force: true });
        throw new Refused(`the disk could not be filled: ${(error as Error).message.trim()}`);
      }
      return {
        did: `took ${sizeMb} MB of the disk for ${forS} s, ${LEFT_MB} MB are left`,
        look: 'a recording stops and says why, the meeting goes on; the log tells when the disk was full and when it was not any more',
      };
    },
  },
};
