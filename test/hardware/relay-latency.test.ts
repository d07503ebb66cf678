/** The latency of a link follows its round trip, and the change costs nothing. Real SRT over a path with delay, sanitizers on. */
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { edgeRig, hubRig } from '../support/relay.ts';
import { Pictures, Sound, udpPort } from '../support/rtp-packets.ts';
import { udpPath } from '../support/udp-path.ts';

const [V, A] = [0x1000, 0x2000];
/** One way, in ms. */
const DELAY = 60;
/** The round trip of it, in ms; a timer may be a millisecond early. */
const DISTANCE = 2 * DELAY - 2;

t.test(
  'a link whose round trip is too long for its latency gets more of it in both directions, and no packet is lost by that',
  async (t) => {
    const hub = await hubRig(t, ['far']);
    const path = await udpPath(t, hub.port);
    path.delayMs = 60;
    const [far, out] = [await edgeRig(t, 'far', path.port), await udpPort(t)];
    await far.relay.route(V, { kind: 'video', to: [{ link: 'pub' }] });
    await hub.relay.route(V, { kind: 'video', from: ['far'], to: [{ udp: out.port }] });
    t.equal((await far.connection('pub/far'))?.latencyMs, 40, 'as it was told');
    let ended = false;
    const pictures = new Pictures(V);
    let sent = 0;
    const sending = (async () => {
      while (!ended) {
        const packets = pictures.frame({ idr: sent === 0 });
        out.send(far.input, ...packets);
        sent += packets.length;
        await pause(20);
      }
    })();
    for (const link of ['pub', 'sub']) {
      const { latencyMs, rttMs } = await far.sees('latency', (event) => event.link === link);
      t.ok(rttMs >= DISTANCE, `round trip of ${link}: ${rttMs} ms`);
      t.ok(latencyMs >= 2.4 * DISTANCE, `latency of ${link}: ${latencyMs} ms`);
      // Both ends have it: the larger of both sides' counts.
      for (const rig of [far, hub])
        await eventually(async () => {
          const has = (await rig.connection(`${link}/far`))?.latencyMs;
          return has === latencyMs ? undefined : `${link}: ${has} of ${latencyMs} ms`;
        });
    }
    const until = sent + 150;
    await eventually(() => (sent >= until ? undefined : 'sending'));
    ended = true;
    await sending;
    await eventually(() => (out.of(V).length >= sent ? undefined : `${out.of(V).length} of ${sent} packets`));
    t.match(await hub.stream(V), { packets: sent, lost: 0 });
    t.strictSame(far.of('disconnected'), [], 'the change was no interruption');
  },
);

t.test('a route that becomes longer in the middle is found to be longer, and pictures pass again within seconds', async (t) => {
  const hub = await hubRig(t, ['far']);
  const path = await udpPath(t, hub.port);
  const far = await edgeRig(t, 'far', path.port);
  const [input, out] = [await hub.relay.input('media'), await udpPort(t)];
  for (const [ssrc, kind] of [[V, 'video'] as const, [A, 'audio'] as const]) {
    await hub.relay.route(ssrc, { kind, to: [{ peer: 'far' }] });
    await far.relay.route(ssrc, { kind, to: [{ udp: out.port }] });
  }
  await eventually(async () => (((await far.connection('sub/far'))?.upMs ?? 0) > 3000 ? undefined : 'too young to be judged'));
  t.strictSame(far.of('latency'), [], 'short enough at first');
  // A round trip beyond what may wait unacknowledged: the distance itself looks like a queue.
  path.delayMs = DELAY;
  let ended = false;
  const [pictures, sound] = [new Pictures(V), new Sound(A)];
  const sending = (async () => {
    for (let i = 0; !ended; i++) {
      out.send(input, sound.packet());
      if (i % 2 === 0) out.send(input, ...pictures.frame({ idr: i % 50 === 0 }));
      await pause(20);
    }
  })();
  const told = (): string[] =>
    far
      .of('latency')
      .map(
        ({ link, latencyMs, rttMs }) => `${link} ${rttMs >= DISTANCE && latencyMs >= 2.4 * DISTANCE ? 'fits' : `${latencyMs} of ${rttMs}`}`,
      );
  await eventually(() => (told().length === 2 ? undefined : `told: ${told().join(', ')}`), { withinMs: 60_000 });
  t.strictSame(told().sort(), ['pub fits', 'sub fits']);
  const had = out.of(V).length;
  await eventually(() => (out.of(V).length > had + 100 ? undefined : 'no pictures'));
  const [way] = (await hub.relay.queues()).connections;
  t.match(way, { crowded: false });
  ended = true;
  await sending;
});

t.test('a way that is too narrow is not taken for a long one', async (t) => {
  const hub = await hubRig(t, ['far']);
  const path = await udpPath(t, hub.port);
  path.delayMs = 5;
  const far = await edgeRig(t, 'far', path.port);
  const [input, out] = [await hub.relay.input('media'), await udpPort(t)];
  await hub.relay.route(V, { kind: 'video', to: [{ peer: 'far' }] });
  await far.relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  const [way] = (await hub.relay.queues()).connections;
  t.match(way, { peer: 'far', state: 'up' });
  // Both have found the way fit for its latency before it becomes narrow.
  const up = async (): Promise<number> => (await far.connection('sub/far'))?.upMs ?? 0;
  await eventually(async () => ((await up()) > 3000 ? undefined : 'too young to be judged'));
  t.strictSame(far.of('latency'), []);
  path.kbps = 300;
  let ended = false;
  let frames = 0;
  const pictures = new Pictures(V);
  const sending = (async () => {
    for (; !ended; frames++) {
      out.send(input, ...pictures.frame({ idr: frames % 25 === 0, size: 3000 }));
      await pause(40);
    }
  })();
  await eventually(
    async () => {
      const dropped = (await hub.relay.queues()).connections[0]?.videoDropped ?? 0;
      const lost = (await far.connection('sub/far'))?.lost ?? 0;
      // For as long as two looks at the round trip take.
      return dropped > 50 && lost > 20 && frames > 600 ? undefined : `${frames} frames, ${dropped} dropped, ${lost} lost`;
    },
    { withinMs: 90_000 },
  );
  ended = true;
  await sending;
  t.strictSame(far.of('latency'), [], 'its latency stays');
});
