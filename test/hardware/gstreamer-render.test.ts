/** A pipeline as data becomes launch text in one place; whatever comes from outside stays a value, proven on the real parser. */
import t from 'tap';
import { BITRATE, ENCODERS, encoderProperties } from '../../hardware/gstreamer/encoder.ts';
import { chooseEncoder, Encoders, type Trial } from '../../hardware/gstreamer/encoders.ts';
import { cure, debianPackage } from '../../hardware/gstreamer/packages.ts';
import { MAIN } from '../../hardware/gstreamer/parts/picture.ts';
import type { Element, PadOf, Pipeline } from '../../hardware/gstreamer/pipeline.ts';
import {
  caps,
  chain,
  element,
  factoriesOf,
  filter,
  fraction,
  padOf,
  pipeline,
  reflexed,
  reflexesOf,
} from '../../hardware/gstreamer/pipeline.ts';
import { render } from '../../hardware/gstreamer/render.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { faultOf } from '../support/fault.ts';
import { workerRig } from '../support/worker.ts';

const one = (...parts: (Element | PadOf)[]): Pipeline => pipeline([parts]);

const rendered: readonly [string, Pipeline, string][] = [
  ['an element', one(element('fakesink')), 'fakesink'],
  [
    'an id and properties',
    one(element('queue', { 'max-size-buffers': 2, leaky: 'downstream' }, 'q')),
    'queue name=q max-size-buffers=2 leaky="downstream"',
  ],
  [
    'numbers, booleans, 64-bit numbers',
    one(element('x', { a: -1.5, b: true, c: 18446744073709551615n })),
    'x a=-1.5 b=true c=18446744073709551615',
  ],
  ['a property that is left alone', one(element('x', { a: undefined })), 'x'],
  [
    'a link with caps',
    one(element('a'), filter('video/x-raw', { width: 320, framerate: fraction(15) }), element('b')),
    'a ! capsfilter caps="video/x-raw, width=(int)320, framerate=(fraction)15/1" ! b',
  ],
  ['texts in caps', one(filter('application/x-rtp', { media: 'video' })), 'capsfilter caps="application/x-rtp, media=(string)\\"video\\""'],
  ['memory features', one(filter('video/x-raw(memory:DMABuf)')), 'capsfilter caps="video/x-raw(memory:DMABuf)"'],
  ['chains that meet', pipeline([chain(element('a'), padOf('s', 'sink_0')), chain(padOf('s'), element('b'))]), 'a ! s.sink_0  s. ! b'],
  ['pad properties', one(element('compositor', { 'sink_0::xpos': 320 }, 'c')), 'compositor name=c sink_0::xpos=320'],
  [
    'a text that is syntax elsewhere',
    one(element('x', { text: 'a" ! filesink location="/etc/x' })),
    'x text="a\\" ! filesink location=\\"/etc/x"',
  ],
];

for (const [name, from, want] of rendered) t.test(`rendering ${name}`, async (t) => t.equal(render(from), want));

const impossible: readonly [string, () => Pipeline][] = [
  ['an element type with a space', () => one(element('fakesink ! filesink'))],
  ['an id that is taken', () => one(element('a', {}, 'x'), element('b', {}, 'x'))],
  ['an id with a quote', () => one(element('queue', {}, 'q"'))],
  ['an id with a dot', () => one(element('queue', {}, 'a.b'))],
  ['a property with an equals sign', () => one(element('x', { 'a=1 b': 2 }))],
  ['a media type with a comma', () => one(filter('video/x-raw,width=3'))],
  ['a caps field with a space', () => one(filter('video/x-raw', { 'a b': 1 }))],
  ['a pad with a bang', () => one(padOf('s', 'sink_0 ! x'))],
  ['a number that is none', () => one(element('x', { a: Number.NaN }))],
  ['a text with NUL', () => one(element('x', { a: 'a\0b' }))],
  ['a broken number in caps', () => one(filter('video/x-raw', { width: 1.5 }))],
];

for (const [name, make] of impossible) t.test(`${name} is refused`, async (t) => t.throws(() => render(make()), RangeError));

t.test('reflexes of elements come before those of the pipeline; element types are listed once', async (t) => {
  const probe = { do: 'probe', element: 'q', pad: 'src', name: 'p' } as const;
  const levels = { do: 'levels', element: 'l' } as const;
  const made = pipeline([chain(reflexed(element('queue', {}, 'q'), probe), element('queue'), padOf('l'))], { reflexes: [levels] });
  t.strictSame(reflexesOf(made), [probe, levels]);
  t.strictSame(factoriesOf(made), ['queue']);
});

t.test('a missing element names the package that brings it', async (t) => {
  t.equal(debianPackage('x264enc'), 'gstreamer1.0-plugins-ugly');
  t.equal(debianPackage('mpph264enc'), null);
  t.equal(
    cure(['x264enc', 'nosuch']),
    'x264enc (apt-get install gstreamer1.0-plugins-ugly), nosuch (in no Debian package that is known here)',
  );
});

/** Deterministic noise over an alphabet of everything that means something to the parser. */
function hostile(seed: number): string {
  const alphabet = [
    ...'"\'\\! =;,.:()[]{}<>&$#%@/\n\r\t-_09azAZ',
    'Đ',
    'ề',
    '😀',
    '\\n',
    '\\"',
    '" ! fakesink name="',
    'NULL',
    '(string)',
    '\\101',
    '\u0001',
  ];
  let state = seed * 2654435761 + 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: 1 + Math.floor(next() * 14) }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
}

t.test('GStreamer receives every text exactly as it was given', async (t) => {
  const texts = [
    'Xã Mỹ Đức – Châu Phú',
    '"trong ngoặc kép"',
    '"',
    '""',
    '\\',
    'a\\',
    'a ! filesink location=/tmp/x',
    'two\nlines\r\n',
    "it's",
    '$HOME `id`',
    '',
    'NULL',
    '\\"\\',
    '(memory:x)',
    ...Array.from({ length: 120 }, (_, i) => hostile(i)),
  ];
  // A tenth of them at a time: one pipeline, one overlay for each text.
  const { worker } = workerRig(t);
  for (let from = 0; from < texts.length; from += 34) {
    const some = texts.slice(from, from + 34);
    await worker.start(pipeline(some.map((text, i) => chain(element('identity', {}, `i${i}`), element('textoverlay', { text }, `t${i}`)))));
    for (const [i, text] of some.entries()) t.equal(await worker.get(`t${i}`, 'text'), text, JSON.stringify(text));
  }
});

t.test('caps arrive with their types and texts', async (t) => {
  const { worker } = workerRig(t);
  const fields = { name: 'a "b" \\ ! Đ', width: 320, live: true, framerate: fraction(30000, 1001) };
  await worker.start(one(element('capsfilter', { caps: caps('video/x-test', fields) }, 'c'), element('fakesink')));
  const got = String(await worker.get('c', 'caps'));
  t.match(got, /width=\(int\)320/);
  t.match(got, /live=\(boolean\)true/);
  t.match(got, /framerate=\(fraction\)30000\/1001/);
  t.match(got, /name=\(string\)"a\\ \\"b\\"\\ \\\\\\ \\!\\ \\304\\220"/);
});

t.test('a refused pipeline says why', async (t) => {
  const { worker } = workerRig(t);
  const refused: readonly [string, Pipeline, RegExp][] = [
    ['launch.invalid', one(element('fakesink', { nonsense: 1 })), /no property "nonsense" in element "fakesink"/],
    ['element.missing', one(element('fakesrc'), element('nosuchthing')), /nosuchthing/],
    ['launch.invalid', one(element('videotestsrc'), element('opusenc'), element('fakesink')), /could not link/],
    [
      'pad.unknown',
      pipeline([chain(element('queue', {}, 'q'))], { reflexes: [{ do: 'probe', element: 'q', pad: 'none', name: 'p' }] }),
      /reflexes\/0: pad: "q" has no pad "none"/,
    ],
    ['element.unknown', pipeline([chain(element('queue'))], { reflexes: [{ do: 'levels', element: 'gone' }] }), /no element "gone"/],
    [
      'element.unfit',
      pipeline([chain(element('queue', {}, 'q'))], { reflexes: [{ do: 'watchdog', selector: 'q', sources: ['sink'] }] }),
      /no input-selector/,
    ],
    ['start.failed', one(element('filesrc', { location: '/nowhere/Đ' }), element('fakesink')), /filesrc0: .*nowhere/s],
  ];
  for (const [error, pipeline, detail] of refused)
    t.match(await faultOf(worker.start(pipeline)), { code: 'program.refused', error, detail }, error);
  await worker.start(one(element('fakesrc'), element('fakesink')));
  t.equal(worker.state, 'playing', 'and the next pipeline starts in the same process');
});

const trial = (element: Trial['element'], did: 'absent' | 'encoded' | string): Trial =>
  did === 'absent' || did === 'encoded' ? { element, did } : { element, did: 'failed', because: did };

const choices: readonly [string, readonly Trial[], string, RegExp][] = [
  ['the first that works', [trial('vah264enc', 'encoded'), trial('x264enc', 'encoded')], 'vah264enc', /the best there is/],
  ['x264 when the rest is absent', [trial('vah264enc', 'absent'), trial('x264enc', 'encoded')], 'x264enc', /vah264enc absent/],
  [
    'not one that crashed',
    [trial('nvh264enc', 'killed by SIGSEGV'), trial('x264enc', 'encoded')],
    'x264enc',
    /nvh264enc failed \(killed by SIGSEGV\)/,
  ],
  ['by rank, not by order of trial', [trial('x264enc', 'encoded'), trial('mpph264enc', 'encoded')], 'mpph264enc', /the best/],
];

for (const [name, trials, want, because] of choices)
  t.test(`encoder choice: ${name}`, async (t) => {
    t.match(chooseEncoder(trials), { element: want, because });
  });

t.test('without any encoder the fault names what was tried', async (t) => {
  t.throws(() => chooseEncoder([trial('x264enc', 'absent')]), /not-found.*x264enc absent/);
});

t.test('every encoder is told bitrate and keyframe distance, and makes a profile that all can decode', async (t) => {
  for (const name of ENCODERS) {
    const { properties, caps } = encoderProperties(name, { ...MAIN, kbps: 1500, gop: 50 });
    const all = JSON.stringify(properties);
    t.match(all, /1500/, `${name} bitrate`);
    t.match(all, /\b50\b/, `${name} keyframe distance`);
    t.match(String(caps.profile ?? properties.profile), /constrained-baseline|main|baseline/, `${name} profile`);
    const high = encoderProperties(name, { ...MAIN, kbps: 1500, gop: 50, profile: 'high' });
    const profile = name === 'openh264enc' ? 'constrained-baseline' : 'high';
    t.equal(high.caps.profile ?? high.properties.profile, profile, `${name} profile where nobody on the way decodes`);
    const rate = BITRATE[name];
    if (rate) t.equal(properties[rate.property], 1500 * rate.perKbps, `${name} bitrate can be changed by its property`);
  }
});

t.test('this machine is probed by encoding, once', async (t) => {
  const encoders = new Encoders(systemClock(), silentLog());
  const [first, second] = await Promise.all([encoders.choose(), encoders.choose()]);
  t.equal(first, second);
  t.ok(ENCODERS.includes(first.element));
  t.comment(`${first.element}: ${first.because}`);
});
