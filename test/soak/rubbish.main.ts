/** `npm run soak -- rubbish [MINUTES] [SEED]`: one site sends damaged RTP and H.264 to a hub for ten minutes; the others may lose nothing, and the mosaic goes on. */
import { print } from '../bench/summary.ts';
import { harmOf, rubbishFor } from '../support/rubbish-run.ts';

const minutes = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 1_000_000));
const ends: (() => unknown)[] = [];
const say = (text: string): void => console.error(text);
say(`seed ${seed}`);
try {
  const report = await rubbishFor({ teardown: (end: () => unknown) => void ends.unshift(end) } as never, {
    seed,
    seconds: minutes * 60,
    say,
  });
  const harm = harmOf(report);
  const good = harm.length === 0;
  print({ bench: 'soak-rubbish', n: 1, minutes, ...report, harm, good });
  process.exitCode = good ? 0 : 1;
} finally {
  for (const end of ends) await end();
}
