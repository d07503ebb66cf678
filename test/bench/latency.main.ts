/** `npm run bench -- latency [SECONDS]`: encoder in to decoder out through one hub with SRT 40 + 40 ms, by stamps in the picture: the floor, and the mosaic. */
import { setTimeout as pause } from 'node:timers/promises';
import { fullRate, startDemo } from '../support/demo.ts';
import { stampLines } from './stamps.ts';
import { distribution, print } from './summary.ts';

const seconds = Number(process.argv[2] ?? 60);
const warmUpMs = 8000;
const decodingSite = 'long-xuyen';

// Site 1 is live and has the floor; its stamps are burnt in before the encoder and read after the decoder of site 2, on the same clock.
const demo = await startDemo({ flags: ['--stamps'], env: fullRate });
await pause(warmUpMs);
const before = stampLines(demo, decodingSite).length;
await pause(seconds * 1000);
const lines = stampLines(demo, decodingSite).slice(before);
await demo.stop();
const floor = lines.flatMap((each) => each.floor.samplesMs);
const mosaic = lines.flatMap((each) => each.mosaic.samplesMs);
print({ bench: 'latency', n: floor.length, floorMs: distribution(floor), mosaicMs: distribution(mosaic), mosaicSamples: mosaic.length });
