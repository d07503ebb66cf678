/** Microphones that fail: the next one takes over, then silence, in one stream of packets that nobody takes for another. Made tones stand for devices. */
import t from 'tap';
import { type Origin, Origins } from '../../edge/media/origins.ts';
import { MediaPart } from '../../edge/media/part.ts';
import { voiceParts } from '../../edge/media/sound/voice.ts';
import { uplinkWanted } from '../../edge/media/streams.ts';
import { type SwitchNews, switchEvent } from '../../edge/media/switching.ts';
import { rawAudio } from '../../hardware/gstreamer/parts/sound.ts';
import { chain, element, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from '../support/eventually.ts';
import { plan } from '../support/plan.ts';
import { listener, parseRtp } from '../support/rtp-wire.ts';

const clock = systemClock();

/** A tone that fails after so many buffers of 20 ms. */
const tone = (label: string, hz: number, errorAfter: number): Origin => ({
  key: label,
  label,
  judged: null,
  chains: (name) => [
    chain(
      element('audiotestsrc', { 'is-live': true, freq: hz, volume: 0.5, samplesperbuffer: 960 }, `${name}-src`),
      rawAudio(),
      element('identity', { 'error-after': errorAfter }, `${name}-trip`),
      element('identity', {}, `${name}-last`),
    ),
  ],
});

t.test('a voice goes on over the failure of microphones, as one stream', async (t) => {
  const { port, packets } = await listener(t);
  const want = uplinkWanted(plan({ sites: ['site-1'] }), 'site-1');
  if (want === null) throw new Error('the site is not in the plan');
  const part = new MediaPart({ name: 'voice', clock, log: silentLog(), tell: () => {} });
  t.teardown(() => part.stop());
  const news: SwitchNews[] = [];
  const origins = new Origins({ kind: 'microphone', part, clock, log: silentLog(), news: (each) => news.push(each) });
  part.on('event', (event) => origins.heard(event));
  part.on('playing', () => origins.begin());
  // The first fails again whenever it is opened; the second fails once for all, for it rests longer than is waited here.
  origins.want([tone('first', 440, 75), tone('second', 700, 400)]);
  const device = { kind: 'device', element: 'alsasrc', device: null, because: '' } as const;
  await part.play(() => {
    const { chains, reflexes } = voiceParts(want.shape, device, port, { incarnation: 3, muted: false, volume: 0 });
    return pipeline(chains, { reflexes: [...reflexes, ...origins.reflexes()] });
  });
  const told = (from: number, to: number | null) =>
    eventually(() =>
      news.some((each) => each.from === from && each.to === to) ? undefined : `no change to ${to} among ${JSON.stringify(news)}`,
    );
  await told(0, 1);
  await told(1, null);
  const taken = news.find(({ to, from }) => from === 0 && to === 1);
  t.match(taken && switchEvent(taken, 'm-1'), {
    kind: 'source',
    what: 'microphone-backup',
    severity: 'warning',
    because: /^microphone (ended|stalled)$/,
    facts: { from: 'microphone', to: 'backup', source: 'second' },
  });
  const before = packets.length;
  await eventually(() => (packets.length > before + 20 ? undefined : 'no packets after the failure'));
  const heard = packets.map(parseRtp);
  t.equal(new Set(heard.map(({ ssrc }) => ssrc)).size, 1, 'one stream');
  const steps = heard.slice(1).map(({ seq }, at) => (seq - (heard[at]?.seq ?? 0)) & 0xffff);
  t.strictSame(
    steps.filter((step) => step !== 1),
    [],
    'no packet is missing, none is twice',
  );
  t.comment(news.map((each) => `${each.from} → ${each.to}: ${each.because}, gap ${each.seen?.gapMs.toFixed(0)} ms`).join('; '));
});
