/** Video waits its turn in front of a narrow connection; a voice passes it. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { edgeRig, hubRig } from '../support/relay.ts';
import { nal, Pictures, packet, Sound, udpPort, unpack } from '../support/rtp-packets.ts';
import { udpPath } from '../support/udp-path.ts';

const V = 0x1000;
const A = 0x2000;

t.test('at a pace video waits its turn, and a voice passes it', async (t) => {
  const hub = await hubRig(t, ['thin'], 300);
  const path = await udpPath(t, hub.port);
  const [thin, out] = [await edgeRig(t, 'thin', path.port, 300), await udpPort(t)];
  const input = await hub.relay.input('media');
  // However long it takes here: nothing is dropped for having waited.
  await hub.relay.tune({ queueMs: 20_000 });
  await hub.relay.pace('thin', 1000);
  for (const [ssrc, kind] of [
    [V, 'video'],
    [A, 'audio'],
  ] as const) {
    await hub.relay.route(ssrc, { kind, to: [{ peer: 'thin' }] });
    await thin.relay.route(ssrc, { kind, to: [{ udp: out.port }] });
  }
  const [pictures, sound] = [new Pictures(V), new Sound(A)];
  const frame = pictures.frame({ idr: true, size: 60_000 });
  out.send(input, ...frame, sound.packet());
  await eventually(() =>
    out.of(V).length === frame.length && out.of(A).length === 1 ? undefined : `${out.of(V).length} of ${frame.length}`,
  );
  const order = out.packets.map((each) => unpack(each).ssrc);
  t.ok(order.indexOf(A) < order.length - 10, `the voice came as number ${order.indexOf(A) + 1} of ${order.length}`);
  const [queue] = (await hub.relay.queues()).connections;
  t.match(queue, { peer: 'thin', streamId: 'sub/thin', state: 'up', crowded: false, videoDropped: 0, audioDropped: 0 });
  await eventually(async () =>
    ((await hub.relay.queues()).connections[0]?.bytesAcked ?? 0) > 60_000 ? undefined : 'not acknowledged yet',
  );
  // Beyond what may wait: the rest is left out, and nothing of it is sent later.
  await hub.relay.pace('thin', 100);
  await hub.relay.tune({ queueMs: 200 });
  out.send(input, ...pictures.frame({ idr: true, size: 60_000 }), sound.packet());
  await eventually(async () => (((await hub.relay.queues()).connections[0]?.videoDropped ?? 0) > 0 ? undefined : 'nothing was dropped'));
  await hub.relay.pace('thin', null);
  await hub.sees('eased');
  const last = pictures.frame({ idr: true, size: 3000 });
  out.send(input, ...last);
  await eventually(() => (pictures.seq - (out.of(V).at(-1)?.seq ?? 0) === 1 ? undefined : 'the picture is not back'));
});

t.test('a queue that is long but not full leaves nothing out: what looks like nothing to a decoder is missed by who counts', async (t) => {
  const hub = await hubRig(t, ['thin'], 300);
  const [thin, out] = [await edgeRig(t, 'thin', hub.port, 300), await udpPort(t)];
  const input = await hub.relay.input('media');
  await hub.relay.tune({ queueMs: 400, queueHoldMs: 60_000 });
  await hub.relay.pace('thin', 50);
  await hub.relay.route(V, { kind: 'video', to: [{ peer: 'thin' }] });
  await thin.relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  const pictures = new Pictures(V);
  const frame = pictures.frame({ idr: true, size: 60_000 });
  out.send(input, ...frame);
  const queue = async () => (await hub.relay.queues()).connections[0];
  await eventually(async () => (((await queue())?.queueMs ?? 0) > 300 ? undefined : 'nothing waits yet'));
  // An access unit delimiter, which parsers put in front of each picture, is no reference for any other.
  const delimiter = packet({
    ssrc: V,
    seq: pictures.seq++,
    time: pictures.time,
    type: 96,
    marker: false,
    payload: nal(9, 2, 0),
    captured: null,
  });
  const next = pictures.frame();
  out.send(input, delimiter, ...next);
  const all = frame.length + 1 + next.length;
  await eventually(async () => ((await hub.stream(V))?.packets === all ? undefined : 'not all have reached the relay'));
  await hub.relay.pace('thin', null);
  await eventually(() => (out.of(V).length === all ? undefined : `${out.of(V).length} of ${all}`));
  t.match(await queue(), { crowded: false, videoDropped: 0 });
});
