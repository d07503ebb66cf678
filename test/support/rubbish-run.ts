/** A meeting in which one site sends nothing but rubbish to a whole hub (relay, mosaic, mixer), and what another site loses by it. */
import type { Test } from 'tap';
import { goals } from '../../central/drill/goals.ts';
import { streamId } from '../../hardware/relay/commands.ts';
import { eventually } from './eventually.ts';
import { clock, hubRig, site, smallMain } from './hub.ts';
import { mediaKey } from './plan.ts';
import { udpPort } from './rtp-packets.ts';
import { Rubbish } from './rubbish.ts';
import { bareSender } from './rubbish-sender.ts';

export interface RubbishReport {
  readonly seed: number;
  readonly seconds: number;
  /** Packets that were sent, and what the hub's relay made of them. */
  readonly sent: number;
  readonly taken: number;
  readonly flooded: number;
  readonly malformed: number;
  readonly forged: number;
  /** At a viewer, of a good site that has the floor. */
  readonly floorFrames: number;
  readonly floorLost: number;
  readonly floorMaxGapMs: number;
  readonly mixPackets: number;
  readonly mixLost: number;
  readonly mosaicFrames: number;
  readonly mosaicMaxGapMs: number;
  /** What the hub told of its programs and of the site, each once with its count. */
  readonly told: Readonly<Record<string, number>>;
}

/** What a room may notice when a mosaic's worker dies: a site of rubbish can do no more than that. */
const mosaicGoalMs = goals.mosaic.find(({ name }) => name === 'mosaicGapMs')?.goal ?? 0;
const floorPictureMs = 1000 / smallMain.fps;

/**
 * Why the site harmed somebody; empty: it did not. The floor passes nobody who decodes, so how late its pictures came is the machine's doing:
 * by as much the mosaic may be later than is promised.
 */
export function harmOf({
  floorFrames,
  floorLost,
  floorMaxGapMs,
  mixPackets,
  mixLost,
  mosaicFrames,
  mosaicMaxGapMs,
}: RubbishReport): string[] {
  const allowedMs = mosaicGoalMs + Math.max(0, floorMaxGapMs - floorPictureMs);
  return [
    floorFrames > 0 && floorLost === 0 ? [] : `the floor: ${floorFrames} pictures, ${floorLost} lost`,
    mixPackets > 0 && mixLost === 0 ? [] : `the mix: ${mixPackets} packets, ${mixLost} lost`,
    mosaicFrames > 0 && mosaicMaxGapMs <= allowedMs
      ? []
      : `the mosaic: ${mosaicFrames} pictures, none for ${mosaicMaxGapMs} ms; ${Math.round(allowedMs)} ms are allowed`,
  ].flat();
}

const [speaker, viewer, bad] = ['site-1', 'site-2', 'site-3'] as const;
const TICK_MS = 40;
/** Rubbish for each tick: what a site sends, then twenty times as much, by turns, so that a flood does not hide the rest from the decoders. */
const calmly = 1;
const flood = 20;
const TURN_MS = 5000;

export async function rubbishFor(
  t: Test,
  { seed, seconds, say }: { readonly seed: number; readonly seconds: number; readonly say: (text: string) => void },
): Promise<RubbishReport> {
  const rig = await hubRig(t);
  const plan = rig.plan({ sites: 3, onAir: [speaker] });
  await rig.desire(plan);
  await site(t, rig, plan, speaker, { stamp: 1, hz: 500, main: true, colour: 0x802020 });
  const seer = await site(t, rig, plan, viewer, { stamp: 2, hz: 1200 });
  await seer.watch(t, plan);
  const entry = await bareSender(t, { port: rig.port, streamId: streamId('pub', bad), key: mediaKey(plan.meeting, rig.node, bad) });
  const of = (name: string) => plan.sites.find((each) => each.site === name)?.streams;
  const [good, own, hub] = [of(speaker), of(bad), plan.hubs[0]?.streams];
  if (good === undefined || own === undefined || hub === undefined) throw new Error('the plan lacks a site');
  const watched = { floor: good.main.ssrc, mosaic: hub.mosaic.ssrc, mix: hub.mix.ssrc };
  const look = async () => {
    const { streams } = await seer.relay.stats();
    const one = (ssrc: number) => streams.find((each) => each.ssrc === ssrc);
    return { floor: one(watched.floor), mosaic: one(watched.mosaic), mix: one(watched.mix) };
  };
  const whole = async (): Promise<void> =>
    eventually(async () => {
      const { floor, mosaic, mix } = await look();
      const frames = [floor?.frames ?? 0, mosaic?.frames ?? 0, mix?.packets ?? 0];
      return frames.every((each) => each > 50) ? undefined : `floor, mosaic, mix: ${frames.join(', ')}`;
    });
  await whole();
  const before = await look();
  const rubbish = new Rubbish({ seed, ssrcs: [own.tile.ssrc, own.audio.ssrc, own.main.ssrc, good.main.ssrc] });
  const from = await udpPort(t);
  let sent = 0;
  const begun = clock.mono();
  const ticks = clock.every(TICK_MS, 'rubbish', () => {
    const times = Math.floor((clock.mono() - begun) / TURN_MS) % 2 === 0 ? calmly : flood;
    for (let i = 0; i < times; i++) {
      const packets = rubbish.next();
      sent += packets.length;
      from.send(entry, ...packets);
    }
  });
  t.teardown(() => ticks.cancel());
  let [floorGap, mosaicGap] = [0, 0];
  await eventually(
    async () => {
      const { floor, mosaic } = await look();
      floorGap = Math.max(floorGap, floor?.maxFrameGapMs ?? Number.POSITIVE_INFINITY);
      mosaicGap = Math.max(mosaicGap, mosaic?.maxFrameGapMs ?? Number.POSITIVE_INFINITY);
      const passed = Math.round((clock.mono() - begun) / 1000);
      if (passed % 30 === 0) say(`${passed} s: ${sent} packets, floor lost ${(floor?.lost ?? 0) - (before.floor?.lost ?? 0)}`);
      return passed >= seconds ? undefined : `${passed} s`;
    },
    { withinMs: seconds * 1000 + 60_000, everyMs: 1000 },
  );
  ticks.cancel();
  const [after, { connections }] = [await look(), await rig.hub.relay.stats()];
  const line = connections.find((each) => each.streamId === streamId('pub', bad));
  const grown = (which: keyof typeof watched, what: 'frames' | 'packets' | 'lost' | 'damagedFrames'): number =>
    (after[which]?.[what] ?? Number.NaN) - (before[which]?.[what] ?? 0);
  const told: Record<string, number> = {};
  for (const { kind, what, severity } of rig.notes) if (severity !== 'info') told[`${kind} ${what}`] = (told[`${kind} ${what}`] ?? 0) + 1;
  return {
    seed,
    seconds: Math.round((clock.mono() - begun) / 1000),
    sent,
    taken: line?.mediaIn ?? 0,
    flooded: line?.flooded ?? 0,
    malformed: line?.malformed ?? 0,
    forged: line?.forged ?? 0,
    floorFrames: grown('floor', 'frames'),
    floorLost: grown('floor', 'lost') + grown('floor', 'damagedFrames'),
    floorMaxGapMs: floorGap,
    mixPackets: grown('mix', 'packets'),
    mixLost: grown('mix', 'lost'),
    mosaicFrames: grown('mosaic', 'frames'),
    mosaicMaxGapMs: mosaicGap,
    told,
  };
}
