/** Everything that parses what others wrote, against random input: libFuzzer with sanitizers, a fixed seed, and no mercy. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../../protocol/node/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const targets: readonly [string, string][] = [
  ['streamid', 'stream ids'],
  ['rtp', 'RTP headers, their extensions, and the sequence window behind them'],
  ['h264', 'NAL unit types'],
  ['command', 'command lines'],
  ['reflex', 'views with backups'],
];

for (const [name, what] of targets)
  t.test(`${what} survive 20,000 random inputs`, async (t) => {
    const child = spawn(
      join(packageRoot(), 'build', 'native', `relay-fuzz-${name}`),
      ['-runs=20000', '-seed=1', '-max_len=3000', `-artifact_prefix=${tempFolder(t)}/`],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    t.teardown(() => child.kill('SIGKILL'));
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4000);
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    t.equal(code, 0, words);
    t.match(words, /Done 20000 runs/);
  });
