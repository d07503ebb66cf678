/** The simulated camera as its viewers know it: the real process, watched by FFmpeg and by GStreamer, and by viewers who behave badly. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { splitNals } from '../../../hardware/camera/clip.ts';
import { rtspSource } from '../../../hardware/gstreamer/parts/sources.ts';
import { chain, element, pipeline, reflexed } from '../../../hardware/gstreamer/pipeline.ts';
import { packageRoot } from '../../../protocol/node/root.ts';
import { freePort } from '../../../provisioning/demo/ports.ts';
import { eventually } from '../../support/eventually.ts';
import { parseRtp, type Rtp, timestampSteps } from '../../support/rtp-wire.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { passes, workerRig } from '../../support/worker.ts';

const root = packageRoot();
const run = promisify(execFile);
let clip = '';
/** Of one second, so that a short look sees the seam. */
const PICTURES = 30;
t.setTimeout(120_000);

t.before(() => {
  clip = join(tempFolder(t), 'clip.h264');
  const made = `-v error -f lavfi -i testsrc2=size=640x360:rate=30 -frames:v ${PICTURES} -c:v libx264 -preset ultrafast -tune zerolatency -g 15 -b:v 2M -f h264`;
  execFileSync('ffmpeg', [...made.split(' '), clip]);
});

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  readonly said: readonly string[];
}

const spawned = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [join(root, 'dist', 'hardware', 'camera', 'main.js'), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });

async function camera(t: Test, file = clip, ...more: string[]): Promise<Running> {
  const child = spawned(['--clip', file, ...more]);
  t.teardown(() => child.kill('SIGKILL'));
  const said: string[] = [];
  for (const pipe of [child.stdout, child.stderr])
    if (pipe !== null) createInterface({ input: pipe }).on('line', (line) => said.push(line));
  let url = '';
  await eventually(() => {
    const line = said.find((each) => each.includes('"started"'));
    if (line !== undefined) url = (JSON.parse(line) as { url: string }).url;
    return line === undefined ? `not started: ${said.join('\n')}` : undefined;
  });
  return { child, url, port: Number(new URL(url).port), said };
}

interface Looker {
  readonly socket: Socket;
  /** Sends a request and waits for the head of its answer. */
  readonly ask: (line: string, headers?: Readonly<Record<string, string>>) => Promise<string>;
  readonly packets: readonly Rtp[];
}

/** A viewer that speaks just enough. */
async function looker(t: Test, port: number): Promise<Looker> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  let kept = Buffer.alloc(0);
  const heads: string[] = [];
  const packets: Rtp[] = [];
  socket.on('data', (piece) => {
    kept = Buffer.concat([kept, piece]);
    for (;;) {
      const framed = kept[0] === 0x24;
      const text = framed ? -1 : kept.indexOf('\r\n\r\n');
      const length = framed && kept.length >= 4 ? 4 + kept.readUInt16BE(2) : text + 4;
      if ((!framed && text < 0) || (framed && kept.length < 4) || kept.length < length) return;
      if (!framed) heads.push(kept.toString('utf8', 0, length));
      else if (kept[1] === 0) packets.push(parseRtp(Buffer.from(kept.subarray(4, length))));
      kept = kept.subarray(length + (framed ? 0 : Number(/Content-Length: (\d+)/.exec(heads.at(-1) ?? '')?.[1] ?? 0)));
    }
  });
  let cseq = 0;
  const ask: Looker['ask'] = async (line, headers = {}) => {
    cseq += 1;
    const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${line} RTSP/1.0\r\nCSeq: ${cseq}\r\n${extra.join('')}\r\n`);
    let answer = '';
    await eventually(() => {
      answer = heads.find((head) => head.includes(`CSeq: ${cseq}\r\n`)) ?? '';
      return answer === '' ? `no answer to ${line}: ${heads.join()}` : undefined;
    });
    return answer;
  };
  return { socket, ask, packets };
}

async function play(t: Test, viewer: Looker, url: string): Promise<void> {
  const answer = await viewer.ask(`SETUP ${url}/track1`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
  const session = /Session: (\w+)/.exec(answer)?.[1] ?? '';
  t.match(await viewer.ask(`PLAY ${url}`, { Session: session }), /^RTSP\/1\.0 200 OK/);
}

t.test('FFmpeg plays it, over TCP and over UDP', async (t) => {
  const { url } = await camera(t);
  for (const transport of ['tcp', 'udp']) {
    const fields = 'stream=codec_name,profile,width,height,avg_frame_rate';
    const probe = await run('ffprobe', ['-v', 'error', '-rtsp_transport', transport, '-show_entries', fields, '-of', 'json', url]);
    t.match(JSON.parse(probe.stdout), { streams: [{ codec_name: 'h264', width: 640, height: 360, avg_frame_rate: '30/1' }] }, transport);
    // Three rounds of the clip, decoded: FFmpeg complains on stderr about anything that is missing or runs backwards.
    const watch = await run('ffmpeg', ['-v', 'warning', '-rtsp_transport', transport, '-i', url, '-t', '3', '-f', 'framecrc', '-']);
    const shown = watch.stdout.split('\n').filter((line) => /^0,/.test(line)).length;
    t.ok(shown > 2 * PICTURES, `${shown} pictures over ${transport}`);
    // A datagram may be lost on a busy machine.
    if (transport === 'tcp') t.equal(watch.stderr, '', 'nothing to complain about');
  }
});

t.test('GStreamer plays it with what the site box uses, round after round', async (t) => {
  const { url } = await camera(t);
  const { worker, of } = workerRig(t);
  const format = { width: 640, height: 360, fps: 30 };
  const counted = reflexed(element('identity', {}, 'shown'), { do: 'probe', element: 'shown', pad: 'src', name: 'shown' });
  await worker.start(
    pipeline([chain(rtspSource({ id: 'camera', url, format }), counted, element('fakesink', { sync: false, async: false }))]),
  );
  await passes(worker, 'shown', 4 * PICTURES);
  t.strictSame(of('error'), []);
});

t.test('every byte of the clip arrives in order; sequence and time run on over the seam; two viewers see the same', async (t) => {
  const { url, port } = await camera(t);
  const [one, two] = [await looker(t, port), await looker(t, port)];
  t.match(await one.ask(`DESCRIBE ${url}`, { Accept: 'application/sdp' }), /Content-Type: application\/sdp/);
  await play(t, one, url);
  await play(t, two, url);
  const marked = (viewer: Looker): number => viewer.packets.filter(({ marker }) => marker).length;
  await eventually(() => (marked(one) > 2.5 * PICTURES && marked(two) > 5 ? undefined : `${marked(one)} and ${marked(two)} pictures`));
  const { packets } = one;
  const first = packets[0]?.seq ?? 0;
  t.ok(packets.every(({ seq }, i) => seq === (first + i) % 65_536));
  t.ok(
    timestampSteps(packets).every((step) => step === 3000),
    'a thirtieth of a second between pictures',
  );
  const sent: Buffer[] = [];
  for (const { payload } of packets) {
    const [head = 0, part = 0] = payload;
    if ((head & 31) !== 28) sent.push(payload);
    else if (part & 0x80) sent.push(Buffer.concat([Buffer.of((head & 0xe0) | (part & 31)), payload.subarray(2)]));
    else sent.push(Buffer.concat([sent.pop() ?? Buffer.alloc(0), payload.subarray(2)]));
  }
  const round = splitNals(readFileSync(clip)).map((nal) => Buffer.from(nal));
  // The last unit may still be on its way.
  const whole = sent.slice(0, -1);
  const begin = round.findIndex((_, k) => whole.every((nal, i) => nal.equals(round[(k + i) % round.length] ?? Buffer.alloc(0))));
  t.ok(begin >= 0 && whole.length > 2 * round.length, 'what arrives is the file, again and again');
  t.equal((round[begin]?.[0] ?? 0) & 31, 7, 'from the parameter sets of a key picture on');
  const late = two.packets[0];
  const same = packets.find(({ seq }) => seq === late?.seq);
  t.ok(
    same !== undefined && late?.payload.equals(same.payload) && late.timestamp === same.timestamp,
    'the second viewer sees the same moment',
  );
  t.ok(two.packets.length > 0 && ((late?.payload[0] ?? 0) & 31) === 7, 'and begins with a key picture as well');
});

t.test('who asks for nonsense is told so, and nobody else notices', async (t) => {
  const { url, port } = await camera(t);
  const good = await looker(t, port);
  await play(t, good, url);
  for (const [what, bytes, expected] of [
    ['HTTP', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', /^RTSP\/1\.0 400 /],
    ['an endless line', 'A'.repeat(20_000), /^RTSP\/1\.0 413 /],
    ['a huge body', 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999\r\n\r\n', /^RTSP\/1\.0 413 /],
  ] as const) {
    const socket = connect(port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    let heard = '';
    socket.on('data', (piece) => {
      heard += piece.toString();
    });
    socket.write(bytes);
    await once(socket, 'end');
    t.match(heard, expected, what);
  }
  const asking = await looker(t, port);
  t.match(await asking.ask('DESCRIBE rtsp://127.0.0.1/nothing'), /^RTSP\/1\.0 404 /);
  t.match(await asking.ask(`PLAY ${url}`), /^RTSP\/1\.0 454 /);
  t.match(await asking.ask(`SETUP ${url}/track1`, { Transport: 'RTP/AVP;multicast' }), /^RTSP\/1\.0 461 /);
  t.match(await asking.ask(`DANCE ${url}`), /^RTSP\/1\.0 501 /);
  t.match(await asking.ask(`OPTIONS ${url}`), /^RTSP\/1\.0 200 /, 'the connection goes on');
  const seen = good.packets.length;
  await eventually(() => (good.packets.length > seen + 20 ? undefined : 'the good viewer sees nothing more'));
  t.ok(good.packets.every(({ seq }, i) => seq === ((good.packets[0]?.seq ?? 0) + i) % 65_536));
});

t.test('a viewer that does not read is dropped, and costs nobody a packet', async (t) => {
  // Pictures that nobody could decode, but large: the kernel keeps megabytes for a reader before we learn that it does not read.
  const heavy = join(tempFolder(t), 'heavy.h264');
  const [sps, pps] = splitNals(readFileSync(clip)).filter((nal) => [7, 8].includes((nal[0] ?? 0) & 31));
  const code = Buffer.of(0, 0, 0, 1);
  const large = Buffer.concat([code, Buffer.of(0x65, 0x88), Buffer.alloc(400_000, 0xaa)]);
  writeFileSync(heavy, Buffer.concat([code, sps ?? code, code, pps ?? code, large, large, large]));
  const { url, port, said } = await camera(t, heavy);
  const [good, bad] = [await looker(t, port), await looker(t, port)];
  await play(t, good, url);
  await play(t, bad, url);
  bad.socket.pause();
  await eventually(() => (said.some((line) => line.includes('it does not read')) ? undefined : 'it is still there'));
  const seen = good.packets.length;
  await eventually(() => (good.packets.length > seen + 1000 ? undefined : 'the good viewer sees nothing more'));
  t.ok(good.packets.every(({ seq }, i) => seq === ((good.packets[0]?.seq ?? 0) + i) % 65_536));
  t.equal(said.filter((line) => line.includes('viewer dropped')).length, 1);
});

t.test('SIGTERM ends it, and so does the end of its owner; wrong arguments are named before anything opens', async (t) => {
  for (const end of [(child: ChildProcess) => child.kill('SIGTERM'), (child: ChildProcess) => child.stdin?.end()]) {
    const { child, url, port } = await camera(t);
    await play(t, await looker(t, port), url);
    const exit = once(child, 'exit');
    end(child);
    t.strictSame(await exit, [0, null]);
  }
  const taken = await freePort();
  await camera(t, clip, '--port', String(taken));
  for (const [args, code, words] of [
    [[], 78, /--clip/],
    [['--clip', '/nowhere.h264'], 78, /--clip.*no such file/],
    [['--clip', join(root, 'package.json')], 78, /no H.264 byte-stream/],
    [['--clip', clip, '--port', '99999'], 78, /--port/],
    [['--clip', clip, '--frames', '3'], 78, /--frames/],
    [['--clip', clip, '--port', String(taken)], 1, new RegExp(`port ${taken}.*EADDRINUSE`)],
  ] as const) {
    const child = spawned(args);
    let heard = '';
    child.stderr?.on('data', (piece) => {
      heard += String(piece);
    });
    t.strictSame(await once(child, 'close'), [code, null], args.join(' '));
    t.match(heard, words);
  }
});
