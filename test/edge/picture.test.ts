/** Where a site's picture comes from, and which part of it is to blame, as tables. */
import t from 'tap';
import type { DeviceLook } from '../../edge/devices/look.ts';
import { withoutSecret } from '../../edge/devices/report.ts';
import { bestStream, choosePicture, keptStream, type Stream } from '../../edge/media/choose.ts';
import { sourceHealth } from '../../edge/media/health.ts';
import type { Feed } from '../../edge/media/picture.ts';
import type { Source } from '../../edge/media/source.ts';
import { asItIs } from '../../protocol/room.ts';
import { type Call, type DeviceState, unknownState } from '../../protocol/schema/device.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';

const wish: DeviceWish = {
  id: 'camera',
  name: 'Camera',
  driver: 'onvif',
  at: { via: 'http', host: '10.0.0.9', port: null },
  address: 1,
  username: 'admin',
  password: 'geheim',
  model: '',
  scenes: { on: asItIs, off: asItIs },
  source: true,
};
const look = (state: Partial<DeviceState> = {}, link: DeviceLook['link'] = 'ok'): DeviceLook => ({
  link,
  because: link === 'ok' ? 'answers' : 'no route to host',
  state: { ...unknownState, ...state },
  pictureTrouble: null,
  seen: null,
});
const offer = (uri: string, encoding: string, height: number) => ({
  uri: `rtsp://10.0.0.9/${uri}`,
  encoding,
  width: (height * 16) / 9,
  height,
});
const stream: Stream = { kind: 'rtsp', url: 'rtsp://10.0.0.9/main' };
const encoder: Feed['encoder'] = { element: 'x264enc', because: 'test' };
const own = (source: Source): Feed => ({ source, encoder: source.kind === 'clip' ? null : encoder, credentials: null, backups: [] });

t.test('of the streams of a camera H.264 is taken before others, and the largest that a box decodes lightly', async (t) => {
  const table: readonly (readonly [string, Parameters<typeof bestStream>[0], string | null])[] = [
    ['nothing', [], null],
    ['a snapshot is no stream', [{ ...offer('x', 'snapshot', 1080), uri: 'http://10.0.0.9/x.jpg' }], null],
    ['something else than RTSP', [{ ...offer('x', 'H264', 1080), uri: 'http://10.0.0.9/x' }], null],
    ['H.264 though it is smaller', [offer('large', 'H265', 1080), offer('small', 'H264', 360)], 'small'],
    ['H.265 before MJPEG', [offer('jpeg', 'JPEG', 1080), offer('hevc', 'H265', 720)], 'hevc'],
    ['what is not known last', [offer('odd', 'AV1', 1080), offer('jpeg', 'JPEG', 360)], 'jpeg'],
    ['the largest', [offer('d1', 'H264', 480), offer('full', 'H264', 1080), offer('hd', 'H264', 720)], 'full'],
    ['not larger than is of use', [offer('uhd', 'H264', 2160), offer('hd', 'H264', 720)], 'hd'],
    ['too large is better than nothing', [offer('uhd', 'H264', 2160)], 'uhd'],
    ['the name as it is written elsewhere', [offer('jpeg', 'JPEG', 720), offer('a', 'H.264', 720)], 'a'],
  ];
  for (const [name, offered, best] of table) t.equal(bestStream(offered)?.url.split('/').at(-1) ?? null, best, name);
});

t.test('a camera that does not answer is away only when its picture has stopped, too', async (t) => {
  const other = offer('other', 'H264', 720);
  t.equal(keptStream(null, null, 0), null);
  t.equal(keptStream(null, look({ streams: [other] }), 0)?.url, other.uri);
  t.equal(keptStream(stream, look({ streams: [other] }), 0)?.url, other.uri, 'what it tells now counts');
  t.equal(keptStream(stream, look({ streams: [] }), 0), null, 'it has none any more');
  t.equal(keptStream(stream, look({}, 'ok'), 0), stream, 'it answers and is still being asked');
  t.equal(keptStream(stream, look({}, 'disconnected'), 0), stream, 'its picture runs');
  t.equal(keptStream(stream, look({}, 'disconnected'), 4000), stream);
  t.equal(keptStream(stream, look({}, 'disconnected'), 60_000), null);
  t.equal(keptStream(stream, null, 60_000), null);
});

t.test('the picture is the configured one unless a device that is wanted can give it', async (t) => {
  const pattern = own({ kind: 'pattern' });
  const capture = own({ kind: 'v4l2', device: '/dev/video0' });
  const clip = own({ kind: 'clip', main: 'main', tile: 'tile' });
  const codec: DeviceWish = { ...wish, name: 'C40', driver: 'xapi', at: { via: 'serial', path: '/dev/ttyUSB0', baud: null } };
  t.strictSame(choosePicture(pattern, null, encoder), { feed: pattern, device: null, missing: null });
  const spare = { source: { kind: 'rtsp', url: 'rtsp://10.0.0.8/' }, credentials: null } as const;
  const credentials = { user: 'admin', password: 'geheim' };
  for (const [feed, behind] of [
    [pattern, []],
    [clip, []],
    [capture, [{ source: capture.source, credentials: null }]],
    [{ ...capture, backups: [spare] }, [{ source: capture.source, credentials: null }, spare]],
    [{ ...pattern, backups: [spare] }, [spare]],
  ] as const)
    t.strictSame(choosePicture(feed, { wish, look: look(), stream }, encoder), {
      feed: { source: stream, encoder, credentials, backups: behind },
      device: 'camera',
      missing: null,
    });
  t.equal(choosePicture(pattern, { wish: { ...wish, username: '' }, look: look(), stream }, encoder).feed.credentials, null);
  const away = { wish, look: look({}, 'disconnected'), stream: null };
  t.match(choosePicture(pattern, away, encoder), {
    feed: { source: null },
    device: null,
    missing: /Camera is not there: no route to host/,
  });
  t.match(choosePicture(capture, away, encoder), { feed: capture, missing: /is not there/ });
  t.match(choosePicture(clip, { wish, look: look(), stream }, null), { feed: clip, missing: /no encoder/ });
  t.match(choosePicture(capture, { wish, look: null, stream: null }, encoder), { missing: /not tried yet/ });
  t.match(choosePicture(capture, { wish, look: look({ streams: [] }), stream: null }, encoder), { missing: /no RTSP stream/ });
  t.strictSame(choosePicture(capture, { wish: codec, look: look(), stream: null }, encoder), {
    feed: capture,
    device: null,
    missing: null,
  });
  t.match(choosePicture(pattern, { wish: codec, look: look(), stream: null }, encoder), { feed: pattern, missing: /no capture device/ });
});

t.test('of a picture that comes through a device it is said whether the line or the capture is wrong', async (t) => {
  const call: Call = { id: '1', state: 'connected', direction: 'out', number: '2001', name: '', protocol: 'sip', kbps: null };
  const table: readonly (readonly [Parameters<typeof sourceHealth>[0], DeviceLook | null, string])[] = [
    ['live', look({ power: 'on' }), 'R'],
    ['live', look(), 'R'],
    ['live', look({}, 'disconnected'), 'picture runs, line to C40 lost: no route to host'],
    ['live', look({ power: 'off' }), 'picture runs, though C40 is off or asleep'],
    ['slate', look({}, 'disconnected'), 'no picture, and line to C40 lost: R'],
    ['slate', look({ power: 'off', calls: [] }), 'no picture: C40 is off or asleep'],
    ['slate', look({ power: 'warming' }), 'no picture yet: C40 is waking up'],
    ['slate', look({ power: 'on', calls: [call] }), 'no picture, though C40 is in a call: R'],
    ['slate', look({ calls: [{ ...call, state: 'ringing' }] }), 'no picture, though C40 answers: R'],
    ['slate', look({ power: 'on' }), 'no picture, though C40 answers: R'],
    ['slate', null, 'R'],
    ['off', look({ power: 'off' }), 'R'],
  ];
  for (const [state, stands, says] of table) t.equal(sourceHealth(state, 'R', 'C40', stands), says);
});

t.test('a password within an address is not told', async (t) => {
  t.equal(withoutSecret('rtsp://h/user=admin_password=geheim_channel=1', 'geheim'), 'rtsp://h/user=admin_password=***_channel=1');
  t.equal(withoutSecret('rtsp://h/x', ''), 'rtsp://h/x');
});
