/** What a site decides, as tables: sources, choices, marks, scenes, streams, the life of a device, steps from what is to what shall be. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadEdgeConfig } from '../../edge/config.ts';
import { asPlanned } from '../../edge/link/ways.ts';
import { type DeviceInput, type DeviceLife, freshDevice, reduce } from '../../edge/media/device.ts';
import { chooseDisplay, type DisplayFacts } from '../../edge/media/display/choose.ts';
import { marks } from '../../edge/media/display/marks.ts';
import { boxes, scene } from '../../edge/media/display/scene.ts';
import { bursts } from '../../edge/media/sound/bursts.ts';
import { chooseInput, chooseOutput, type SoundFacts } from '../../edge/media/sound/choose.ts';
import { describeSource, parseSource } from '../../edge/media/source.ts';
import { sameShape, uplinkWanted } from '../../edge/media/streams.ts';
import { airText, lossText, type SwitchNews, switchEvent } from '../../edge/media/switching.ts';
import { type Observed, planSteps, targetOf } from '../../edge/reconcile/target.ts';
import { noGrant } from '../../protocol/grant.ts';
import { reasonIn } from '../../protocol/web/words.ts';
import { edgeDesired, plan } from '../support/plan.ts';
import { tempFolder } from '../support/temp-folder.ts';

t.test('a source is read from what a person types', async (t) => {
  const good: readonly (readonly [string, object, string])[] = [
    ['pattern', { kind: 'pattern' }, 'pattern'],
    [' pattern\n', { kind: 'pattern' }, 'pattern'],
    ['/dev/video0', { kind: 'v4l2', device: '/dev/video0' }, '/dev/video0'],
    ['/dev/v4l/by-id/usb-cam_1-index0', { kind: 'v4l2', device: '/dev/v4l/by-id/usb-cam_1-index0' }, '/dev/v4l/by-id/usb-cam_1-index0'],
    ['rtsp://10.0.0.9:554/stream?token=x', { kind: 'rtsp', url: 'rtsp://10.0.0.9:554/stream?token=x' }, 'rtsp://10.0.0.9:554/stream'],
    ['RTSPS://camera', { kind: 'rtsp', url: 'rtsps://camera' }, 'rtsps://camera'],
    ['/media/phim tài liệu.mp4', { kind: 'file', path: '/media/phim tài liệu.mp4' }, 'file /media/phim tài liệu.mp4'],
    ['file:///media/a%20b.mkv', { kind: 'file', path: '/media/a b.mkv' }, 'file /media/a b.mkv'],
    ['./x', { kind: 'file', path: './x' }, 'file ./x'],
    ['clip.webm', { kind: 'file', path: 'clip.webm' }, 'file clip.webm'],
  ];
  for (const [text, source, words] of good) {
    const parsed = parseSource(text);
    t.strictSame(parsed, { ok: true, value: source }, text);
    if (parsed.ok) t.equal(describeSource(parsed.value), words);
  }
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /expected pattern/],
    ['webcam', /expected pattern/],
    ['http://10.0.0.9/a.mp4', /no source of the kind http/],
    ['rtsp://admin:secret@10.0.0.9/', /credentials/],
    ['rtsp://', /not an RTSP URL/],
    ['rtsp://a b', /not an RTSP URL/],
    ['/dev/video0 ! fakesink', /not a device/],
  ];
  for (const [text, reason] of bad) {
    const parsed = parseSource(text);
    t.match(parsed, { ok: false, fault: { code: 'input.invalid', path: '/source', reason } }, text);
    t.notMatch(JSON.stringify(parsed), /secret/, 'a password is not repeated');
  }
});

t.test('a configuration has short forms, and a wrong one names the key', async (t) => {
  const folder = tempFolder(t);
  const base = { node: 'site-1', data: folder, identity: { dir: folder }, central: [{ host: '127.0.0.1', port: 8883 }] };
  const load = async (more: object) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'edge.json'), JSON.stringify({ ...base, ...more }));
    return loadEdgeConfig(['--config', join(folder, 'edge.json')]);
  };
  t.match(await load({}), {
    ok: true,
    value: {
      config: {
        source: { kind: 'pattern' },
        audio: { input: 'auto', output: 'auto' },
        display: { kind: 'auto', mosaic: 'inset' },
        stamps: false,
      },
    },
  });
  t.match(await load({ source: '/dev/video0', audio: 'synthetic', display: 'count' }), {
    ok: true,
    value: { config: { source: { kind: 'v4l2' }, audio: { input: 'synthetic', output: 'auto' }, display: { kind: 'count', width: 1280 } } },
  });
  t.match(await load({ source: '/dev/video0' }), { ok: true, value: { config: { backup: null, audio: { backup: null } } } });
  t.match(await load({ backup: 'rtsp://10.0.0.9/x', audio: { input: 'alsa:hw:0', backup: 'alsa:hw:1' } }), {
    ok: true,
    value: { config: { backup: { kind: 'rtsp', url: 'rtsp://10.0.0.9/x' }, audio: { backup: 'alsa:hw:1' } } },
  });
  t.match(await load({ backup: { kind: 'v4l2', device: '/dev/video1', frozen: true } }), {
    ok: true,
    value: { config: { backup: { kind: 'v4l2', frozen: true } } },
  });
  const wrong: readonly (readonly [object, string])[] = [
    [{ backup: 'pattern' }, 'backup'],
    [{ backup: { kind: 'clip', main: 'a', tile: 'b' } }, 'backup'],
    [{ backup: { kind: 'rtsp', url: 'http://x' } }, 'backup.url'],
    [{ audio: { backup: 'synthetic' } }, 'audio.backup'],
    [{ source: { kind: 'v4l2', device: 'video0' } }, 'source.device'],
    [{ source: { kind: 'vhs' } }, 'source.kind'],
    [{ source: 'webcam' }, 'source'],
    [{ audio: 'loud' }, 'audio.input'],
    [{ audio: { output: 'pulse:a b' } }, 'audio.output'],
    [{ display: { kind: 'count', width: 3 } }, 'display.width'],
    [{ display: 'crt' }, 'display.kind'],
    [{ encoder: 'x265enc' }, 'encoder'],
    [{ central: [] }, 'central'],
    [{ camera: 'x' }, 'camera'],
  ];
  for (const [more, key] of wrong) t.match(await load(more), { ok: false, fault: { code: 'config.invalid', key } }, JSON.stringify(more));
});

t.test('the display is the one that is named, else the best there is', async (t) => {
  const none: DisplayFacts = { wayland: null, x11: null, kms: null };
  const rows: readonly (readonly [Parameters<typeof chooseDisplay>[0], DisplayFacts, object])[] = [
    ['auto', none, { kind: 'headless', because: /no Wayland/ }],
    ['auto', { ...none, kms: 'card0-HDMI-A-1' }, { kind: 'screen', element: 'kmssink', because: /card0-HDMI-A-1/ }],
    ['auto', { ...none, x11: ':0', kms: 'card0-HDMI-A-1' }, { kind: 'screen', element: 'ximagesink' }],
    ['auto', { wayland: 'wayland-0', x11: ':0', kms: null }, { kind: 'screen', element: 'waylandsink' }],
    ['kms', none, { kind: 'screen', element: 'kmssink', because: 'set in the configuration' }],
    ['count', { ...none, x11: ':0' }, { kind: 'count' }],
    ['headless', { ...none, x11: ':0' }, { kind: 'headless' }],
  ];
  for (const [wanted, facts, choice] of rows) t.match(chooseDisplay(wanted, facts), choice, `${wanted} ${JSON.stringify(facts)}`);
});

t.test('microphone and loudspeaker are the ones that are named, else the best there is', async (t) => {
  const none: SoundFacts = {
    pipewire: false,
    pulse: false,
    alsaIn: false,
    alsaOut: false,
    elements: new Set(['pulsesrc', 'pulsesink', 'alsasrc']),
  };
  const inputs: readonly (readonly [string, SoundFacts, object])[] = [
    ['auto', none, { ok: true, value: { kind: 'synthetic' } }],
    ['auto', { ...none, pulse: true, alsaIn: true }, { ok: true, value: { kind: 'device', element: 'pulsesrc', device: null } }],
    ['auto', { ...none, alsaIn: true }, { ok: true, value: { element: 'alsasrc' } }],
    ['auto', { ...none, pipewire: true }, { ok: true, value: { kind: 'synthetic' } }],
    ['silence', none, { ok: true, value: { kind: 'silence' } }],
    ['alsa:hw:1,0', none, { ok: true, value: { element: 'alsasrc', device: 'hw:1,0' } }],
    ['pipewire', none, { ok: false, fault: { key: 'audio.input', reason: /pipewiresrc/ } }],
  ];
  for (const [wanted, facts, choice] of inputs) t.match(chooseInput(wanted, facts), choice, `input ${wanted}`);
  t.match(chooseOutput('auto', none), { ok: true, value: { kind: 'count' } });
  t.match(chooseOutput('auto', { ...none, pulse: true }), { ok: true, value: { element: 'pulsesink' } });
  t.match(chooseOutput('alsa', none), { ok: false, fault: { key: 'audio.output' } });
  t.match(chooseOutput('off', none), { ok: true, value: { kind: 'off' } });
});

t.test('the screen follows plan and links, in the language of the room', async (t) => {
  const facts = { me: 'site-1', name: 'Long Xuyên', language: 'vi', linked: true } as const;
  t.match(scene({ ...facts, plan: null }), { full: 'idle', title: 'Long Xuyên', subtitle: 'ĐIỂM CẦU SẴN SÀNG', marks: '' });
  t.match(scene({ ...facts, plan: plan({ sites: ['site-2', 'site-3'] }) }), { full: 'idle' }, 'not invited');
  t.match(scene({ ...facts, plan: plan() }), { full: 'mosaic', marks: '' }, 'nobody speaks');
  t.match(scene({ ...facts, plan: plan({ onAir: ['site-2'] }) }), { full: 'floor', floorSite: 'site-2', marks: '' });
  t.match(
    scene({ ...facts, plan: plan({ onAir: ['site-1'] }) }),
    { full: 'mosaic', marks: '● ĐANG PHÁT' },
    'the first speaker sees the mosaic',
  );
  t.match(
    scene({ ...facts, plan: plan({ onAir: ['site-1'], previous: 'site-3' }) }),
    { full: 'floor', floorSite: 'site-3' },
    'then the previous one',
  );
  t.match(scene({ ...facts, linked: false, plan: plan({ onAir: ['site-1'], muted: ['site-1'] }) }), {
    marks: 'MẤT KẾT NỐI   ĐÃ TẮT MICRÔ',
  });
  const english = { language: 'en', onAir: true, muted: true, linked: true } as const;
  t.equal(marks(english), '● ON AIR   MICROPHONE OFF');
  const on = (full: 'floor' | 'mosaic' | 'idle', inset: boolean) => {
    const { floor, mosaic } = boxes(full, 1280, 720, inset);
    return [floor, mosaic].map(({ x, y, width, height, alpha }) => [x, y, width, height, alpha].join(' '));
  };
  t.strictSame(on('floor', true), ['0 0 1280 720 1', '948 532 320 180 1']);
  t.strictSame(on('floor', false), ['0 0 1280 720 1', '948 532 320 180 0']);
  t.strictSame(on('mosaic', true), ['0 0 1280 720 0', '0 0 1280 720 1']);
  t.strictSame(on('idle', true), ['0 0 1280 720 0', '0 0 1280 720 0']);
});

t.test('main is sent by whoever is on air, next, or shown to the speaker; muting and floor need no new pipeline', async (t) => {
  const gates = (options: Parameters<typeof plan>[0]) => uplinkWanted(plan(options), 'site-1')?.gates;
  t.strictSame(gates({}), { main: null, muted: false });
  t.strictSame(gates({ onAir: ['site-1'] }), { main: 'on-air', muted: false });
  t.strictSame(gates({ onAir: ['site-2'], next: 'site-1' }), { main: 'next', muted: false });
  t.strictSame(gates({ onAir: ['site-2'], previous: 'site-1', muted: ['site-1'] }), { main: 'previous', muted: true });
  t.equal(uplinkWanted(null, 'site-1'), null);
  t.equal(uplinkWanted(plan(), 'site-9'), null, 'not in the plan');
  const shape = (options: Parameters<typeof plan>[0]) => uplinkWanted(plan(options), 'site-1')!.shape;
  t.ok(sameShape(shape({}), shape({ onAir: ['site-1'], muted: ['site-1'] })));
  t.notOk(sameShape(shape({}), shape({ frameMs: 40 })));
  t.notOk(sameShape(shape({}), shape({ main: { width: 1920, height: 1080, fps: 25, kbps: 3000 } })));
  t.notOk(sameShape(shape({}), shape({ meeting: 'm-zzzzzzzz' })));
});

t.test('a device that fails rests, longer each time, and is forgiven once it works', async (t) => {
  const run = (inputs: readonly DeviceInput[], from: DeviceLife = freshDevice) => {
    let life = from;
    const did: string[] = [];
    for (const input of inputs) {
      const step = reduce(life, input);
      life = step.life;
      for (const effect of step.effects) did.push(effect.do === 'wait' ? `wait ${effect.forMs}` : effect.do);
    }
    return { life, did };
  };
  const fail = (at: number, covered = true): DeviceInput => ({ type: 'failed', at, because: 'unplugged', covered });
  const rested = (at: number): DeviceInput => ({ type: 'rested', at });
  t.strictSame(run([fail(0)]).did, ['wait 500'], 'covered by a slate: nothing is made anew before the rest is over');
  t.strictSame(run([fail(0, false)]).did, ['remake', 'wait 500'], 'uncovered: at once without it');
  t.strictSame(
    run([fail(0), fail(1), rested(500), fail(600)]).did,
    ['wait 500', 'remake', 'wait 1000'],
    'failures while it rests are old news',
  );
  const often = [0, 1, 2, 3, 4, 5].flatMap((n): DeviceInput[] => [fail(n * 20_000), rested(n * 20_000 + 10_000)]);
  t.strictSame(
    run(often).did.filter((each) => each.startsWith('wait')),
    ['wait 500', 'wait 1000', 'wait 2000', 'wait 5000', 'wait 10000', 'wait 10000'],
  );
  const healthy = run([fail(0), rested(500), { type: 'delivered', at: 1000 }, fail(12_000)]);
  t.strictSame(healthy.did, ['wait 500', 'remake', 'wait 500'], 'ten good seconds forgive');
  const crash = (at: number): DeviceInput => ({ type: 'crashed', at, because: 'SIGSEGV' });
  t.strictSame(run([crash(0), crash(60_000)]).did, [], 'a crash now and then is bad luck');
  t.match(run([crash(0), crash(5000)]), { did: ['wait 500'], life: { phase: 'resting', because: /twice/ } });
});

t.test('a new desired state becomes one layer of steps, and what is still wrong is said', async (t) => {
  const observed: Observed = {
    me: 'site-1',
    language: 'vi',
    ports: { floor: null, mosaic: null, mix: null },
    linked: true,
    grant: null,
    reach: asPlanned,
    done: null,
    troubles: [],
  };
  const verbs = (desired: Parameters<typeof planSteps>[0], seen: Observed) =>
    planSteps(desired, seen).flatMap((part) =>
      'do' in part ? [`${part.do} ${part.do === 'wait' ? part.because : ''}`] : part.map((step) => step.do),
    );
  const first = edgeDesired(plan({ onAir: ['site-2'] }), 'site-1');
  t.strictSame(verbs(first, observed), ['link', 'uplink', 'screen', 'control', 'devices']);
  const done = { ...observed, done: targetOf(first, observed) };
  t.strictSame(verbs(first, done), [], 'nothing to do');
  t.strictSame(
    verbs(edgeDesired(plan({ onAir: ['site-1'], n: 2 }), 'site-1'), done),
    ['link', 'uplink', 'screen'],
    'the floor: gates and views',
  );
  t.strictSame(verbs(edgeDesired(plan({ onAir: ['site-2'], muted: ['site-1'] }), 'site-1'), done), ['uplink', 'screen'], 'mute');
  t.strictSame(
    verbs(first, { ...done, ports: { floor: 5000, mosaic: 5001, mix: null } }),
    ['link'],
    'a display that came back listens elsewhere',
  );
  t.strictSame(verbs(first, { ...done, linked: false }), ['screen']);
  const panel = { ...noGrant(2), n: 2, by: 'site-3', slots: ['site-1'] };
  t.strictSame(verbs(first, { ...done, grant: panel }), ['link', 'uplink', 'screen'], 'a higher grant that came from a hub');
  t.strictSame(verbs(first, { ...done, grant: noGrant(1) }), [], 'a lower one');
  const over = { ...observed, grant: { ...panel, slots: [], ended: true } };
  t.strictSame(
    verbs(first, { ...done, ...over, done: done.done }),
    ['link', 'uplink', 'screen'],
    'a panel ends the meeting; the channels stay',
  );
  t.strictSame(verbs(first, { ...over, done: targetOf(first, over) }), [], 'and then all is as wanted');
  t.strictSame(verbs(first, { ...done, troubles: ['link up-hub-1 is not connected'] }), ['wait link up-hub-1 is not connected']);
  t.strictSame(verbs(edgeDesired(null, 'site-1'), done), ['link', 'uplink', 'screen', 'control'], 'the end of a meeting');
  const stranger = edgeDesired(plan({ sites: ['site-2'] }), 'site-1');
  t.strictSame(verbs(stranger, { ...observed, done: targetOf(stranger, observed) }), ['wait this site is not in the plan']);
  const keyless = { ...first, keys: [] };
  t.strictSame(verbs(keyless, { ...observed, done: targetOf(keyless, observed) }), ['wait no media key for hub hub-1']);
});

t.test('a change of source is told in words, with what viewers saw of it', async (t) => {
  const seen = { gapMs: 42.4, ageMs: 1203.7 };
  t.strictSame(
    switchEvent({ kind: 'camera', from: 0, to: 1, label: '/dev/video1', because: lossText('camera', 0, 'frozen'), seen }, 'm-1'),
    {
      kind: 'source',
      severity: 'warning',
      what: 'backup',
      because: 'camera frozen',
      meeting: 'm-1',
      facts: { from: 'camera', to: 'backup', source: '/dev/video1', gapMs: 42, badMs: 1204 },
    },
  );
  const table: readonly (readonly [Pick<SwitchNews, 'kind' | 'from' | 'to'>, string, string, string])[] = [
    [{ kind: 'camera', from: 1, to: null }, 'lost', 'slate', 'warning'],
    [{ kind: 'camera', from: null, to: 0 }, 'returned', 'camera', 'info'],
    [{ kind: 'camera', from: 1, to: 2 }, 'backup', 'backup-2', 'warning'],
    [{ kind: 'microphone', from: 0, to: null }, 'microphone-lost', 'silence', 'warning'],
    [{ kind: 'microphone', from: 1, to: 0 }, 'microphone-returned', 'microphone', 'info'],
  ];
  for (const [news, what, to, severity] of table)
    t.match(switchEvent({ ...news, label: null, because: '', seen: null }, null), { what, severity, facts: { to, gapMs: null } });
  t.equal(airText('camera', 0, 'delivers'), 'delivers');
  t.equal(airText('camera', null, null), 'no camera');
  t.equal(reasonIn('vi', airText('camera', 1, 'its picture is frozen')), 'đang dùng camera dự phòng: hình camera chính bị đứng');
  t.match(reasonIn('vi', airText('camera', 1, 'nothing for 1500 ms')), /^đang dùng camera dự phòng, camera chính không có hình \(nothing/);
  for (const because of ['stalled', 'ended', 'frozen', 'black', 'returned', 'started'])
    for (const place of [0, 1, 2]) t.notMatch(reasonIn('vi', lossText('camera', place, because)), because, `${because} is translated`);
});

t.test('a made voice speaks in turns, the same in every run, another for every site', async (t) => {
  const turns = (name: string) => {
    const talk = bursts(name);
    return Array.from({ length: 8 }, () => talk.next().value);
  };
  t.strictSame(turns('site-1'), turns('site-1'));
  t.notSame(turns('site-1'), turns('site-2'));
  for (const [index, { volume, forMs }] of turns('site-3').entries()) {
    t.ok(index % 2 === 0 ? volume === 0 : volume >= 0.25 && volume <= 0.9, `turn ${index} ${volume}`);
    t.ok(forMs >= (index === 0 ? 500 : 2000) && forMs <= 30_000);
  }
});
