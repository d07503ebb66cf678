/** The mixer: voices follow one another in its slots and leave nothing behind, and no move of speakers lets a site hear itself, however slow the relay. */
import { createSocket } from 'node:dgram';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { slotSourceId, slotVoice } from '../../central/hub/audio/pipeline.ts';
import { Audio } from '../../central/hub/audio/service.ts';
import { speakerRules } from '../../central/hub/audio/speakers.ts';
import { rtpAudioOut } from '../../hardware/gstreamer/parts/rtp.ts';
import { normaliseSound, opusEncode } from '../../hardware/gstreamer/parts/sound.ts';
import { chain, element, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from '../support/eventually.ts';
import { plan as makePlan } from '../support/plan.ts';
import { listener } from '../support/rtp-wire.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { workerRig } from '../support/worker.ts';

const RATE = 48_000;

/** Two voices as packets, of more than two seconds: one of 1 kHz, one that says nothing. */
async function voices(t: Test): Promise<Readonly<Record<'high' | 'none', readonly Buffer[]>>> {
  const ports = { high: await listener(t), none: await listener(t) };
  const { worker } = workerRig(t);
  await worker.start(
    pipeline(
      (['high', 'none'] as const).map((name, n) =>
        chain(
          element('audiotestsrc', {
            'is-live': true,
            wave: name === 'high' ? 'sine' : 'silence',
            freq: 1000,
            volume: 0.5,
            samplesperbuffer: 960,
          }),
          normaliseSound(),
          opusEncode({ id: name }),
          rtpAudioOut({ id: `${name}-out`, port: ports[name].port, ssrc: 16 * (n + 1) }),
        ),
      ),
    ),
  );
  await eventually(() => (Object.values(ports).every(({ packets }) => packets.length > 120) ? undefined : 'not enough packets'));
  await worker.stop();
  return { high: ports.high.packets, none: ports.none.packets };
}

/** Power of a tone in each 10 ms, in dB below overload. */
function tone(sound: Buffer, hz: number): readonly number[] {
  const step = RATE / 100;
  return Array.from({ length: Math.floor(sound.length / 2 / step) }, (_, block) => {
    let [cosine, sine] = [0, 0];
    for (let i = 0; i < step; i++) {
      const value = sound.readInt16LE((block * step + i) * 2) / 32_768;
      cosine += value * Math.cos((2 * Math.PI * hz * i) / RATE);
      sine += value * Math.sin((2 * Math.PI * hz * i) / RATE);
    }
    return 10 * Math.log10(((cosine * cosine + sine * sine) * 4) / (step * step) + 1e-10);
  });
}

t.test('a voice that takes the slot of another brings nothing of it', async (t) => {
  const { high, none } = await voices(t);
  const { worker } = workerRig(t);
  const file = join(tempFolder(t), 'heard.raw');
  const sink = element('filesink', { location: file, 'buffer-mode': 2, async: false, sync: false });
  await worker.start(pipeline([chain(slotVoice(0), normaliseSound(), sink)]));
  const slot = Number(await worker.get(slotSourceId(0), 'port'));
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const packetBytes = (RATE / 50) * 2;
  let packets = 0;
  // However late the worker looks: what counts is whose packet follows whose.
  const speak = async (voice: readonly Buffer[]): Promise<void> => {
    for (const packet of voice) socket.send(packet, slot, '127.0.0.1');
    packets += voice.length;
    await eventually(() =>
      statSync(file).size >= packets * packetBytes ? undefined : `${statSync(file).size / packetBytes} of ${packets} packets`,
    );
  };
  for (const voice of [high.slice(0, 50), none.slice(0, 50), high.slice(60, 110)]) await speak(voice);
  const levels = tone(readFileSync(file), 1000);
  t.equal(levels.length, 300, 'each packet is heard once');
  const loudest = (from: number, to: number): number => Math.max(...levels.slice(from, to));
  t.ok(Math.min(...levels.slice(10, 100)) > -12, 'a voice is heard whole');
  // The end of a voice that the decoder still held was heard at -28 dB, with error correction a whole packet at -18 dB.
  t.ok(loudest(100, 200) < -60, `the next one brings nothing of it: ${loudest(100, 200).toFixed(0)} dB`);
  t.ok(loudest(200, 202) < -60 && Math.min(...levels.slice(206, 300)) > -12, 'when it comes back only its first packet is silent');
});

t.test('a relay that answers late makes nobody hear himself, and a muted site is out at once', async (t) => {
  const clock = systemClock();
  const plan = makePlan({ sites: 3 });
  const hub = plan.hubs[0]!;
  const ssrc = (n: number): number => plan.sites[n]!.streams.audio.ssrc;
  /** What the relay does: the last table that it has been given and has answered. */
  let held: Promise<void> = Promise.resolve();
  const wrong: string[] = [];
  const fedUntil = new Map<string, number>();
  let mixing: ReadonlyMap<string, number> = new Map();
  let listening: ReadonlyMap<string, number> = new Map();
  const relay = async (): Promise<void> => {
    await held;
    const at = clock.mono();
    for (const site of mixing.keys()) if (!audio.ports.has(site)) fedUntil.set(site, at);
    mixing = audio.ports;
    listening = audio.hears;
    const slots = [...audio.hears.values()];
    if (new Set(slots).size !== slots.length) wrong.push(`two sites at one output: ${JSON.stringify([...audio.hears])}`);
    for (const site of mixing.keys()) if (!listening.has(site)) wrong.push(`${site} goes into the mix and hears everybody`);
    for (const [site, until] of fedUntil)
      if (!mixing.has(site) && !listening.has(site) && at - until < speakerRules.coolMs - 1)
        wrong.push(`${site} hears everybody ${(at - until).toFixed(0)} ms after its voice went in`);
  };
  const audio = new Audio({ clock, log: silentLog(), note: () => undefined, relayPort: 9, incarnation: 1, plan, hub, forward: relay });
  audio.on('ports', () => void relay());
  await audio.start();
  t.teardown(() => audio.stop());
  const loud = new Set([1]);
  const timer = clock.every(50, 'levels', () => audio.levels([0, 1, 2].map((n) => ({ ssrc: ssrc(n), db: loud.has(n) ? -20 : -90 }))));
  t.teardown(() => timer.cancel());
  await eventually(() => (audio.ports.has('site-2') ? undefined : 'site-2 is not heard'));
  // While the relay does not answer, another site begins to speak and the first one is muted.
  let answer = (): void => undefined;
  held = new Promise((resolve) => {
    answer = resolve;
  });
  loud.add(2);
  await eventually(() => (audio.hears.has('site-3') ? undefined : 'site-3 has no slot'));
  audio.apply({ ...plan, grant: { ...plan.grant, muted: ['site-2'] } });
  t.notOk(audio.ports.has('site-2'), 'the next table that the relay takes is without the muted site');
  await pause(2 * speakerRules.coolMs);
  t.ok(audio.hears.has('site-2'), 'which goes on hearing its own output, for the relay has not answered');
  held = Promise.resolve();
  answer();
  await eventually(() => (audio.ports.has('site-3') && !audio.hears.has('site-2') ? undefined : 'the move is not finished'));
  // And a change of speakers at each turn of a hurried chair.
  for (const muted of ['site-3', 'site-2', 'site-1', 'site-3']) {
    for (const n of [0, 1, 2]) loud.add(n);
    audio.apply({ ...plan, grant: { ...plan.grant, muted: [muted] } });
    await eventually(() => (audio.ports.size === 2 && !audio.ports.has(muted) ? undefined : `heard: ${[...audio.ports.keys()]}`));
  }
  t.strictSame(wrong, []);
});
