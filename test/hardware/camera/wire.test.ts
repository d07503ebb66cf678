/** What the camera simulator reads and writes, as tables: RTSP requests and answers, the clip, H.264 as RTP. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { type Clip, parseClip, splitNals } from '../../../hardware/camera/clip.ts';
import { Loop } from '../../../hardware/camera/loop.ts';
import { MAX_BODY, MAX_HEAD, type Read, RequestReader } from '../../../hardware/camera/reader.ts';
import { formatResponse } from '../../../hardware/camera/response.ts';
import { interleave, MAX_PACKET, packetise, senderReport } from '../../../hardware/camera/rtp.ts';
import { answer, type Camera, type Session } from '../../../hardware/camera/session.ts';
import { chooseTransport } from '../../../hardware/camera/transport.ts';
import { parseRtp } from '../../support/rtp-wire.ts';

const encoded = (size: string, rate: string, ...options: string[]): Buffer =>
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}`, '-frames:v', '12', '-c:v', 'libx264', '-threads', '1'],
    ...[...options, '-f', 'h264', '-'],
  ]);
const plain = ['-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '5'];
const clipOf = (bytes: Uint8Array): Clip => {
  const clip = parseClip(bytes);
  if (!clip.ok) throw new Error(JSON.stringify(clip.fault));
  return clip.value;
};

t.test('a clip tells its size and rate, and falls into pictures', (t) => {
  for (const [size, rate, hz, options] of [
    ['1280x720', '25', 25, plain],
    ['638x362', '30000/1001', 30_000 / 1001, plain],
    ['1920x1080', '50', 50, [...plain, '-profile:v', 'high', '-preset', 'medium', '-bf', '0']],
    ['320x180', '15', 15, [...plain, '-x264-params', 'slices=4:aud=1']],
    ['640x480', '25', 25, [...plain, '-pix_fmt', 'yuv444p', '-x264-params', 'cqm=jvt:bframes=0']],
    ['720x576', '25', 25, ['-preset', 'veryfast', '-g', '5', '-bf', '0', '-x264-params', 'interlaced=1', '-aspect', '16:9']],
  ] as const) {
    const { width, height, rate: is, units } = clipOf(encoded(size, rate, ...options));
    t.equal(`${width}x${height}`, size);
    t.ok(Math.abs(is.num / is.den - hz) < 0.001, `${size} has ${is.num / is.den} pictures a second`);
    t.equal(units.length, 12, 'as many as were encoded');
    t.strictSame(
      units.flatMap(({ key }, i) => (key ? [i] : [])),
      [0, 5, 10],
    );
  }
  t.end();
});

t.test('what is no clip is refused with the reason', (t) => {
  const good = encoded('320x180', '25', ...plain);
  for (const [what, bytes, reason] of [
    ['nothing', Buffer.alloc(0), /no parameter sets/],
    ['text', Buffer.from('{"name":"diemcau"}'), /no parameter sets/],
    ['B pictures', encoded('320x180', '25', '-preset', 'medium', '-bf', '2'), /B pictures/],
    ['a broken parameter set', Buffer.of(0, 0, 1, 0x67, 66, 0, 0, 0, 1, 0x68, 1), /cannot be read/],
    ['types of RTP', Buffer.concat([good, Buffer.of(0, 0, 1, 28, 1, 2)]), /type 28/],
    [
      'no key picture',
      Buffer.concat(splitNals(good).flatMap((nal) => ((nal[0] ?? 0) % 32 === 5 ? [] : [Buffer.of(0, 0, 1), nal]))),
      /no key/,
    ],
  ] as const) {
    const read = parseClip(bytes);
    t.match(read.ok ? 'accepted' : JSON.stringify(read.fault), reason, what);
  }
  for (let cut = 0; cut < 200; cut++) t.doesNotThrow(() => parseClip(good.subarray(0, cut)));
  t.end();
});

t.test('NAL units of any size become packets that fit, and become themselves again', (t) => {
  const stream = { ssrc: 7, sequence: 65_534 };
  let expected = stream.sequence;
  for (const size of [1, 2, MAX_PACKET - 12, MAX_PACKET - 11, 2 * (MAX_PACKET - 14), 2 * (MAX_PACKET - 14) + 1, 100_000]) {
    const nal = Uint8Array.from({ length: size }, (_, i) => (i === 0 ? 0x65 : i % 251));
    const packets = packetise([Uint8Array.of(0x67, 1, 2), nal], 2 ** 32 - 1, stream).map((packet) => ({ ...parseRtp(packet), packet }));
    const bodies = packets.slice(1).map(({ payload }) => payload);
    t.ok(
      packets.every(
        ({ packet, timestamp, ssrc, pt }) => packet.length <= MAX_PACKET && timestamp === 2 ** 32 - 1 && ssrc === 7 && pt === 96,
      ),
    );
    t.strictSame(packets.map(({ marker }) => marker).lastIndexOf(false), packets.length - 2, 'the marker is on the last only');
    for (const { seq } of packets) t.equal(seq, expected++ % 65_536);
    const whole =
      bodies.length === 1
        ? bodies[0]
        : Buffer.concat([
            Buffer.of(((bodies[0]?.[0] ?? 0) & 0xe0) | ((bodies[0]?.[1] ?? 0) & 31)),
            ...bodies.map((body) => body.subarray(2)),
          ]);
    t.ok(whole?.equals(nal), `${size} bytes in ${bodies.length} packets`);
    if (bodies.length > 1)
      t.strictSame(
        bodies.map((body) => (body[1] ?? 0) >> 6),
        bodies.map((_, i) => (i === 0 ? 2 : i === bodies.length - 1 ? 1 : 0)),
        'start and end are marked',
      );
  }
  const report = senderReport({ ssrc: 7, sequence: 0 }, 90_000, 500, { packets: 3, bytes: 2 ** 32 + 5 });
  t.equal(report.length % 4, 0);
  t.equal(4 * (report.readUInt16BE(2) + 1) + 4 * (report.readUInt16BE(30) + 1), report.length, 'both parts tell their length');
  t.strictSame([report.readUInt32BE(8), report.readUInt32BE(12), report.readUInt32BE(24)], [2_208_988_800, 2 ** 31, 5]);
  t.strictSame([...interleave([Buffer.of(9), Buffer.of(8, 7)], 4)], [0x24, 4, 0, 1, 9, 0x24, 4, 0, 2, 8, 7]);
  t.end();
});

t.test('the loop keeps its rate over the seam, and leaves out what is too late', (t) => {
  const clip = clipOf(encoded('320x180', '25', ...plain));
  const loop = new Loop(clip, 2 ** 32 - 3600, 1000);
  const taken = Array.from({ length: 30 }, (_, i) => loop.take(1000 + i * 40));
  t.strictSame(
    taken.map((each) => each?.time),
    taken.map((_, i) => (2 ** 32 - 3600 + i * 3600) % 2 ** 32),
  );
  t.strictSame(
    taken.map((each) => each?.unit),
    taken.map((_, i) => clip.units[i % 12]),
  );
  t.equal(loop.take(1000 + 29 * 40), null, 'never early');
  t.equal(loop.take(60_010), null, 'after a long sleep the next picture is due in the future');
  const next = loop.take(60_040);
  t.equal(next?.unit.key, true, 'and it is a key picture');
  t.equal(next?.time, (2 ** 32 - 3600 + (59_040 / 40) * 3600) % 2 ** 32, 'of that time');
  t.end();
});

t.test('a loop that is frozen repeats its last key picture in time, and goes on from the beginning afterwards', (t) => {
  const clip = clipOf(encoded('320x180', '25', ...plain));
  const loop = new Loop(clip, 0, 1000);
  const at = (i: number) => loop.take(1000 + i * 40);
  const first = [0, 1, 2].map(at);
  loop.freeze();
  const frozen = [3, 4, 5].map(at);
  t.strictSame(
    frozen.map((each) => each?.unit),
    Array.from({ length: 3 }, () => first[0]?.unit),
  );
  t.strictSame(
    frozen.map((each) => each?.time),
    [3, 4, 5].map((i) => i * 3600),
  );
  loop.show(clip.units.slice(0, 2));
  t.equal(at(6)?.unit, clip.units[0]);
  loop.show(null);
  t.strictSame(
    [7, 8].map((i) => at(i)?.unit),
    clip.units.slice(0, 2),
  );
  t.end();
});

const statusOf = (read: Read): string | number => (read.kind === 'request' ? read.request.method : read.refusal.status);
const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`;

t.test('requests are read from any pieces; what is none is refused once', (t) => {
  for (const [what, text, expected] of [
    ['one', lines('OPTIONS * RTSP/1.0', 'CSeq: 1'), ['OPTIONS']],
    ['two at once', lines('OPTIONS * RTSP/1.0') + lines('PLAY rtsp://a/b RTSP/1.0'), ['OPTIONS', 'PLAY']],
    [
      'with a body',
      `${lines('SET_PARAMETER rtsp://a/b RTSP/1.0', 'content-LENGTH: 4')}x: y${lines('PLAY rtsp://a/b RTSP/1.0')}`,
      ['SET_PARAMETER', 'PLAY'],
    ],
    ['between frames', `$\x01\0\x03abc${lines('PLAY rtsp://a/b RTSP/1.0')}$\x01\0\0`, ['PLAY']],
    ['after empty lines', `\r\n\r\n${lines('PLAY rtsp://a/b RTSP/1.0')}`, ['PLAY']],
    ['HTTP', lines('GET / HTTP/1.1', 'Host: a') + lines('OPTIONS * RTSP/1.0'), [400]],
    ['noise', `\x16\x03\x01\x02\r\n\r\n`, [400]],
    ['a header without a name', lines('OPTIONS * RTSP/1.0', ': x'), [400]],
    ['a negative body', lines('OPTIONS * RTSP/1.0', 'Content-Length: -1'), [400]],
    ['a body too large', lines('OPTIONS * RTSP/1.0', `Content-Length: ${MAX_BODY + 1}`), [413]],
    ['too many headers', lines('OPTIONS * RTSP/1.0', ...Array.from({ length: 65 }, (_, i) => `h${i}: x`)), [400]],
    ['a head without an end', 'A'.repeat(MAX_HEAD + 1), [413]],
    ['a head too large', lines('OPTIONS * RTSP/1.0', `x: ${'y'.repeat(MAX_HEAD)}`), [413]],
    ['half a request', 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n', []],
  ] as const) {
    for (const size of [1, 7, 100_000]) {
      const reader = new RequestReader();
      const bytes = Buffer.from(text, 'latin1');
      const read: Read[] = [];
      for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)));
      t.strictSame(read.map(statusOf), expected, `${what}, in pieces of ${size}`);
    }
  }
  t.end();
});

t.test('transports: the first that we have is taken', (t) => {
  for (const [header, expected] of [
    ['RTP/AVP/TCP;unicast;interleaved=2-3', { kind: 'tcp', rtp: 2, rtcp: 3 }],
    ['RTP/AVP/TCP;unicast', { kind: 'tcp', rtp: 0, rtcp: 1 }],
    ['RTP/AVP;unicast;client_port=5000-5001', { kind: 'udp', rtp: 5000, rtcp: 5001 }],
    ['rtp/avp/udp; unicast; client_port=5000; destination=10.0.0.9; mode="PLAY"', { kind: 'udp', rtp: 5000, rtcp: 5001 }],
    ['RTP/SAVP;unicast;client_port=1-2, RTP/AVP;multicast, RTP/AVP/TCP;interleaved=0-1', { kind: 'tcp', rtp: 0, rtcp: 1 }],
    ['RTP/AVP/TCP;interleaved=255-256', null],
    ['RTP/AVP/TCP;interleaved=1-1', null],
    ['RTP/AVP;unicast', null],
    ['RTP/AVP;unicast;client_port=65535', null],
    ['RTP/AVP;unicast;client_port=5000-5001;mode=record', null],
    ['', null],
  ] as const)
    t.strictSame(chooseTransport(header), expected, header);
  t.end();
});

const camera: Camera = { path: '/camera', sdp: 'v=0\r\n', ports: { rtp: 6000, rtcp: 6001 }, ssrc: 0xab, newId: () => 'new' };
const set: Session = { id: 'one', transport: { kind: 'tcp', rtp: 0, rtcp: 1 }, playing: false };
const url = 'rtsp://h:1/camera';

t.test('each request has its answer, in each state', (t) => {
  for (const [what, before, line, headers, status, after] of [
    ['options', null, `OPTIONS ${url}`, {}, 200, null],
    ['options of the server', null, 'OPTIONS *', {}, 200, null],
    ['describe', null, `DESCRIBE ${url}/?a=b`, { accept: 'application/sdp' }, 200, null],
    ['describe as something else', null, `DESCRIBE ${url}`, { accept: 'text/html' }, 406, null],
    ['another path', null, 'DESCRIBE rtsp://h/other', {}, 404, null],
    ['another track', null, `SETUP ${url}/track2`, { transport: 'RTP/AVP/TCP' }, 404, null],
    ['no URL', null, 'DESCRIBE http://h/camera', {}, 400, null],
    ['set up', null, `SETUP ${url}/track1`, { transport: 'RTP/AVP/TCP;interleaved=0-1' }, 200, { ...set, id: 'new' }],
    ['set up as what we lack', null, `SETUP ${url}/track1`, { transport: 'RTP/SAVP' }, 461, null],
    ['set up without a transport', null, `SETUP ${url}/track1`, {}, 461, null],
    [
      'set up again',
      set,
      `SETUP ${url}/track1`,
      { transport: 'RTP/AVP;client_port=8-9', session: 'one' },
      200,
      { ...set, transport: { kind: 'udp', rtp: 8, rtcp: 9 } },
    ],
    [
      'set up while playing',
      { ...set, playing: true },
      `SETUP ${url}/track1`,
      { transport: 'RTP/AVP/TCP' },
      455,
      { ...set, playing: true },
    ],
    ['play too early', null, `PLAY ${url}`, {}, 454, null],
    ['play', set, `PLAY ${url}/`, { session: 'one;timeout=60' }, 200, { ...set, playing: true }],
    ["play another's", set, `PLAY ${url}`, { session: 'two' }, 454, set],
    ['pause', { ...set, playing: true }, `PAUSE ${url}`, { session: 'one' }, 200, set],
    ['a sign of life', { ...set, playing: true }, `GET_PARAMETER ${url}`, { session: 'one' }, 200, { ...set, playing: true }],
    ['tear down', set, `TEARDOWN ${url}`, { session: 'one' }, 200, null],
    ['tear down nothing', null, `TEARDOWN ${url}`, {}, 454, null],
    ['a method we lack', null, `RECORD ${url}`, {}, 501, null],
  ] as const) {
    const [method = '', to = ''] = line.split(' ');
    const request = { method, url: to, version: 'RTSP/1.0', headers: new Map(Object.entries({ cseq: '7', ...headers })) };
    const { response, session } = answer(before, request, camera);
    t.equal(response.status, status, what);
    t.equal(response.cseq, '7');
    t.strictSame(session, after, `${what}: what is then`);
    t.match(formatResponse(response), new RegExp(`^RTSP/1\\.0 ${status} [A-Za-z ]+\r\nCSeq: 7\r\n`));
  }
  const bare = { method: 'OPTIONS', url: '*', version: 'RTSP/1.0', headers: new Map<string, string>() };
  t.equal(answer(null, bare, camera).response.status, 400, 'no CSeq');
  t.equal(answer(null, { ...bare, version: 'RTSP/2.0', headers: new Map([['cseq', '1']]) }, camera).response.status, 505);
  t.end();
});
