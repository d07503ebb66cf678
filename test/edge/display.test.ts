/** What the room sees and hears: the drawn screen in pixels, and a whole edge that decodes, or counts, what a hub sends it. */
import t, { type Test } from 'tap';
import { scene } from '../../edge/media/display/scene.ts';
import { screen, settings } from '../../edge/media/display/screen.ts';
import { h264Encode } from '../../hardware/gstreamer/parts/h264.ts';
import { rawVideo } from '../../hardware/gstreamer/parts/picture.ts';
import { rtpAudioOut, rtpVideoOut } from '../../hardware/gstreamer/parts/rtp.ts';
import { opusEncode, tone } from '../../hardware/gstreamer/parts/sound.ts';
import { chain, element, filter, padOf, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { eventually } from '../support/eventually.ts';
import { plan as makePlan } from '../support/plan.ts';
import { type EdgeRig, edge, type Network, network, satisfied } from '../support/site.ts';
import { workerRig } from '../support/worker.ts';

const small = { width: 320, height: 180, fps: 15 };
const x264 = { element: 'x264enc', because: 'a test' } as const;

/** A flat picture of one brightness, as H.264 in RTP. */
const flat = (id: string, luma: number, port: number, ssrc: number, gop = 15) =>
  chain(
    element('videotestsrc', { 'is-live': true, pattern: 'solid-color', 'foreground-color': 0xff000000 + luma * 0x010101 }),
    rawVideo(small),
    h264Encode({ id, encoder: x264, format: { ...small, kbps: 200, gop } }),
    rtpVideoOut({ id, port, ssrc }),
  );

t.test('floor full with the mosaic inset, mosaic full, marks, and an idle screen between meetings: in pixels', async (t) => {
  const options = { element: 'fakesink', width: 640, height: 360, inset: true, stamps: false };
  const facts = { me: 'site-1', name: 'Long Xuyên', language: 'vi', linked: true } as const;
  const idle = scene({ ...facts, plan: null });
  const made = screen(options, idle);
  const drawn = made.chains.at(-1) ?? [];
  // A copy of the screen as 32 × 18 bytes of brightness.
  const copy = chain(
    padOf('copy'),
    element('queue', { leaky: 'downstream', 'max-size-buffers': 1 }),
    element('videoscale'),
    filter('video/x-raw', { format: 'I420', width: 32, height: 18 }),
    element('appsink', { sync: false, async: false }, 'look'),
  );
  const show = workerRig(t);
  await show.worker.start(
    pipeline(
      [
        ...made.chains.slice(0, -1),
        chain(...drawn.slice(0, -1), element('tee', {}, 'copy')),
        copy,
        chain(padOf('copy'), element('queue'), ...drawn.slice(-1)),
      ],
      { reflexes: [...made.reflexes, { do: 'pictures', element: 'look' }] },
    ),
  );
  const send = workerRig(t);
  const ports = await Promise.all(['floor-udp', 'mosaic-udp'].map(async (id) => Number(await show.worker.get(id, 'port'))));
  await send.worker.start(pipeline([flat('floor', 200, ports[0]!, 16), flat('mosaic', 120, ports[1]!, 32)]));

  const pixels = () => Buffer.from(show.of('picture').at(-1)?.data ?? '', 'base64');
  const at = (column: number, row: number): number => pixels()[row * 32 + column] ?? -1;
  const looks = (what: string, wanted: readonly (readonly [number, number, number, number])[]) =>
    eventually(() => {
      const wrong = wanted.find(([column, row, low, high]) => at(column, row) < low || at(column, row) > high);
      return wrong ? `${what}: ${at(wrong[0], wrong[1])} at ${wrong[0]},${wrong[1]}, wanted ${wrong[2]}–${wrong[3]}` : undefined;
    });
  /** The shaded ground of a mark darkens the bright floor at the top left. */
  const marked = (wanted: boolean) =>
    eventually(() => {
      const darkest = Math.min(...[0, 1].flatMap((row) => [0, 1, 2, 3, 4, 5].map((column) => at(column, row))));
      return darkest < 150 === wanted ? undefined : `a mark ${wanted ? 'is missing' : 'is there'}: ${darkest}`;
    });
  const become = async (next: ReturnType<typeof scene>) => {
    for (const { element: id, property, value } of settings(next, options)) await show.worker.set(id, property, value);
  };
  // Video range: a grey of 200 is a brightness of 188, 120 is 119; the ground is about 33.
  await looks('idle: dark corners', [
    [0, 0, 16, 60],
    [31, 17, 16, 60],
  ]);
  await become(scene({ ...facts, plan: makePlan({ onAir: ['site-2'] }) }));
  await looks('floor with inset', [
    [4, 15, 178, 198],
    [27, 15, 109, 129],
    [2, 1, 178, 198],
  ]);
  await marked(false);
  await become(scene({ ...facts, plan: makePlan() }));
  await looks('mosaic full', [
    [4, 15, 109, 129],
    [27, 15, 109, 129],
  ]);
  await become(scene({ ...facts, plan: makePlan({ onAir: ['site-2'], muted: ['site-1'] }) }));
  await marked(true);
  await send.worker.stop();
  await become(scene({ ...facts, plan: makePlan({ onAir: ['site-2'] }), linked: false }));
  await marked(true);
  await looks('without a link the last picture stays', [[4, 15, 178, 198]]);
  await become(idle);
  await looks('idle again', [
    [4, 15, 16, 60],
    [27, 15, 16, 60],
  ]);
  t.equal(await show.worker.get('title', 'text'), 'Long Xuyên');
});

/** Two speakers, mosaic and mix, sent through the hub's relay as a hub would. */
async function province(t: Test, on: Network, plan: Plan) {
  const { relay } = on.hub;
  const port = await relay.input('made');
  const [, two, three] = plan.sites.map(({ streams }) => streams);
  const hub = plan.hubs[0]?.streams;
  if (!two || !three || !hub) throw new Error('the plan is too small');
  const send = workerRig(t);
  const sound = chain(tone('tone'), opusEncode({ id: 'mix' }), rtpAudioOut({ id: 'mix', port, ssrc: hub.mix.ssrc }));
  const video = [
    flat('two', 200, port, two.main.ssrc),
    flat('three', 60, port, three.main.ssrc),
    // One IDR at the beginning, and then those that are asked for.
    flat('mosaic', 120, port, hub.mosaic.ssrc, 15 * 600),
  ];
  await send.worker.start(pipeline([...video, sound]));
  const to = [{ peer: 'site-1' }];
  await relay.route(hub.mosaic.ssrc, { kind: 'video', to });
  await relay.route(hub.mix.ssrc, { kind: 'audio', to });
  const begun = async () => (await relay.stats()).streams.some(({ ssrc, packets }) => ssrc === hub.mosaic.ssrc && packets > 0);
  await eventually(async () => ((await begun()) ? undefined : 'no mosaic comes'));
  const floor = (ssrc: number | null) => relay.view('floor.site-1', { kind: 'video', to: { peer: 'site-1' }, ssrc });
  const keyframe = (which: 'two' | 'three' | 'mosaic') => send.worker.keyframe(which);
  return { floor, keyframe, two: two.main.ssrc, three: three.main.ssrc };
}

async function watches(e: EdgeRig, want: (telemetry: NonNullable<ReturnType<EdgeRig['telemetry']>>) => boolean) {
  await eventually(() => {
    const telemetry = e.telemetry();
    return telemetry && want(telemetry) ? undefined : `telemetry ${JSON.stringify(telemetry)}`;
  });
}

for (const display of ['count', 'headless'] as const)
  t.test(
    `a site with display ${display} receives floor, mosaic and mix without loss, and tells the hub when the floor is there`,
    async (t) => {
      const on = await network(t);
      const e = await edge(t, on, 'site-1', { display });
      const first = on.plan({ onAir: ['site-2'] });
      const made = await province(t, on, first);
      await e.desire(1, first);
      await satisfied(e, 1);
      await made.floor(made.two);
      await made.keyframe('two');
      // Both join the mosaic in the middle; a decoder asks for an IDR on the control channel, who only counts does not.
      const asked = (): boolean =>
        on.hub.heard.some((each) => each.type === 'need-keyframe' && each.ssrc === first.hubs[0]?.streams.mosaic.ssrc);
      if (display === 'headless') {
        await eventually(() => (asked() ? undefined : `no keyframe was asked for: ${JSON.stringify(on.hub.heard)}`));
        await made.keyframe('mosaic');
      }
      await watches(e, ({ floor, mosaic, mix }) => floor.site === 'site-2' && floor.frames > 10 && mosaic.frames > 10 && mix.packets > 40);
      const shown = (site: string, n: number) =>
        eventually(() =>
          on.hub.heard.some((each) => each.type === 'shown' && each.site === site && each.grantN === n)
            ? undefined
            : JSON.stringify(on.hub.heard),
        );
      await shown('site-2', 1);

      // The hub switches first, the plan comes later: nothing may be lost by that.
      await made.floor(made.three);
      await made.keyframe('three');
      const second = on.plan({ onAir: ['site-3'], previous: 'site-2', n: 2 });
      await e.desire(2, second);
      await shown('site-3', 2);
      await watches(e, ({ floor }) => floor.site === 'site-3' && floor.frames > 10);
      t.equal(on.hub.heard.filter(({ type }) => type === 'shown').length, 2, 'each once');
      t.match(e.telemetry(), { floor: { lostFrames: 0, grantN: 2 }, mosaic: { lostFrames: 0 }, mix: { lost: 0 } });
      const parts = e.reported()?.parts.map(({ name }) => name);
      t.strictSame(parts, display === 'count' ? ['relay', 'uplink'] : ['relay', 'uplink', 'display', 'speaker']);
    },
  );
