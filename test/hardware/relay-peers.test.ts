/** Peers that others wrote: GStreamer's srtsink and srtsrc, and srt-live-transmit of Debian's srt-tools, with AES-256 through the relay. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from '../support/eventually.ts';
import { hubRig, KEY, relayRig } from '../support/relay.ts';
import { Pictures, Sound, udpPort } from '../support/rtp-packets.ts';
import { tempFolder } from '../support/temp-folder.ts';

const V = 0xabcdef0;
const A = 0x1234560;

function program(t: Test, command: string, args: readonly string[]): ChildProcess & { readonly words: () => string } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  const hear = (chunk: Buffer): void => {
    words = (words + chunk.toString()).slice(-2000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  t.teardown(() => child.kill('SIGKILL'));
  return Object.assign(child, { words: () => words });
}

const uri = (port: number, id: string): string =>
  `srt://127.0.0.1:${port}?mode=caller&streamid=${id}&passphrase=${KEY}&pbkeylen=32&latency=60`;

t.test("a picture goes from GStreamer's srtsink through the relay to GStreamer's srtsrc and is decoded there", async (t) => {
  const hub = await hubRig(t, ['camera', 'screen'], 60);
  const file = join(tempFolder(t), 'pictures.i420');
  await hub.relay.route(V, { kind: 'video', from: ['camera'], to: [{ peer: 'screen' }] });
  const screen = program(t, 'gst-launch-1.0', [
    ...[
      '-q',
      'srtsrc',
      `uri=${uri(hub.port, 'sub/screen')}`,
      '!',
      'application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96',
    ],
    ...[
      '!',
      'rtph264depay',
      '!',
      'h264parse',
      '!',
      'avdec_h264',
      'output-corrupt=false',
      '!',
      'filesink',
      'buffer-mode=unbuffered',
      `location=${file}`,
    ],
  ]);
  await hub.sees('connected', ({ streamId }) => streamId === 'sub/screen');
  const camera = program(t, 'gst-launch-1.0', [
    ...[
      '-q',
      'videotestsrc',
      'is-live=true',
      '!',
      'video/x-raw,format=I420,width=320,height=180,framerate=25/1',
      '!',
      'x264enc',
      'tune=zerolatency',
    ],
    ...[
      'speed-preset=ultrafast',
      'key-int-max=25',
      'bitrate=300',
      '!',
      'rtph264pay',
      `ssrc=${V}`,
      'pt=96',
      'mtu=1200',
      'config-interval=-1',
    ],
    ...['aggregate-mode=zero-latency', '!', 'srtsink', `uri=${uri(hub.port, 'pub/camera')}`, 'sync=false', 'async=false'],
  ]);
  const pictures = (): number => (existsSync(file) ? Math.floor(statSync(file).size / (320 * 180 * 1.5)) : 0);
  await eventually(() => (pictures() >= 50 ? undefined : `${pictures()} pictures decoded; ${camera.words()} ${screen.words()}`));
  await hub.sees('keyframe', ({ ssrc }) => ssrc === V);
  const stream = await hub.stream(V);
  t.match(stream, { kind: 'video', lost: 0, damagedFrames: 0, odd: 0 });
  t.ok((stream?.keyframes ?? 0) >= 2);
  camera.kill('SIGINT');
  await hub.sees('disconnected', ({ streamId }) => streamId === 'pub/camera');
  await hub.sees('stalled', ({ ssrc }) => ssrc === V);
});

t.test('srt-live-transmit sends to the relay and receives from it, byte for byte', async (t) => {
  const hub = await hubRig(t, ['sender', 'receiver'], 60);
  const [out, entry] = [await udpPort(t), await udpPort(t)];
  const port = entry.port;
  await new Promise<void>((resolve) => entry.socket.close(() => resolve()));
  await hub.relay.route(V, { kind: 'video', from: ['sender'], to: [{ peer: 'receiver' }] });
  await hub.relay.route(A, { kind: 'audio', from: ['sender'], to: [{ peer: 'receiver' }] });
  const receiver = program(t, 'srt-live-transmit', ['-q', '-chunk:1456', uri(hub.port, 'sub/receiver'), `udp://127.0.0.1:${out.port}`]);
  const sender = program(t, 'srt-live-transmit', ['-q', '-chunk:1456', `udp://127.0.0.1:${port}`, uri(hub.port, 'pub/sender')]);
  for (const id of ['pub/sender', 'sub/receiver']) await hub.sees('connected', ({ streamId }) => streamId === id);
  const [pictures, sound] = [new Pictures(V), new Sound(A)];
  const sent: string[] = [];
  for (let i = 0; i < 25; i++) {
    const packets = [...pictures.frame({ idr: i === 0 }), sound.packet()];
    sent.push(...packets.map((packet) => packet.toString('hex')));
    out.send(port, ...packets);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await eventually(() =>
    out.packets.length >= sent.length ? undefined : `${out.packets.length} of ${sent.length}; ${sender.words()} ${receiver.words()}`,
  );
  t.strictSame(
    out.packets.map((packet) => packet.toString('hex')),
    sent,
  );
});

t.test('a link to a listener that is no relay gets no heartbeats', async (t) => {
  const { relay, sees } = await relayRig(t);
  const [out, input, port] = [await udpPort(t), await relay.input('in'), await freePort()];
  program(t, 'srt-live-transmit', [
    ...['-q', '-chunk:1456', `srt://127.0.0.1:${port}?mode=listener&passphrase=${KEY}&pbkeylen=32`, `udp://127.0.0.1:${out.port}`],
  ]);
  await relay.connect('tool', { host: '127.0.0.1', port, streamId: 'live', key: KEY, latencyMs: 60, heartbeat: false });
  await sees('connected', ({ link }) => link === 'tool');
  await relay.route(A, { kind: 'audio', to: [{ link: 'tool' }] });
  const sound = new Sound(A);
  for (let i = 0; i < 40; i++) {
    out.send(input, sound.packet());
    await new Promise((resolve) => setTimeout(resolve, i === 20 ? 500 : 20));
  }
  await eventually(() => (out.of(A).length >= 40 ? undefined : `${out.of(A).length} packets`));
  t.equal(out.packets.length, 40, 'nothing but what was sent');
});
