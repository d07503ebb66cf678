/** The clips that the demo's sites play, made by the media engine's own process at the first start and kept. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { packageRoot } from '../../protocol/node/root.ts';
import type { DemoOptions } from './options.ts';
import type { SampleSite } from './province.ts';

export interface ClipFiles {
  readonly main: string;
  readonly tile: string;
  readonly voice: string;
}

/** Chooses the first site's colour: far from that of the site that speaks next, and of most others. */
const firstLook = 9;

/** The files of each site, in order. @throws Error with the process's own words. */
export async function makeClips({ data, kbps, stamps }: DemoOptions, sites: readonly SampleSite[]): Promise<readonly ClipFiles[]> {
  const maker = spawn(process.execPath, [join(packageRoot(), 'dist', 'hardware', 'gstreamer', 'clip', 'main.js')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  maker.stdin.end(
    JSON.stringify({
      folder: join(data, stamps ? 'clips-stamped' : 'clips'),
      mainKbps: kbps,
      stamps,
      sites: sites.map(({ name }, index) => ({ name, n: index === 0 ? firstLook : index - 1 })),
    }),
  );
  const exit = new Promise<number | null>((resolve) => maker.once('exit', resolve));
  const [said, errors, code] = await Promise.all([text(maker.stdout), text(maker.stderr), exit]);
  if (code !== 0) throw new Error(`the clips could not be made: ${errors.trim().split('\n').slice(-3).join(' ')}`);
  return JSON.parse(said) as ClipFiles[];
}
