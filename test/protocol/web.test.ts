/** The shared, pure parts of the pages: catalogues, formats, search, health, problems, shortcuts, limits, colours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NewUserBody, Password, type Problem, type SiteView, UserName } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { NodeId } from '../../protocol/ids.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { en } from '../../protocol/web/catalogue/en.ts';
import { actsInEnglish, words } from '../../protocol/web/catalogue/phrases.ts';
import { vi } from '../../protocol/web/catalogue/vi.ts';
import { format, nothing } from '../../protocol/web/format.ts';
import { type Health, health, healths, marks } from '../../protocol/web/health.ts';
import { arrow, bindings, shortcut } from '../../protocol/web/keys.ts';
import { nodeIdPattern, passwordMax, passwordMin, userNamePattern } from '../../protocol/web/limits.ts';
import { sentence } from '../../protocol/web/problem.ts';
import { compareNames, compareSites, fold, matches } from '../../protocol/web/search.ts';
import { fill, languageOf, translate, translateCount } from '../../protocol/web/translate.ts';
import { complaintIn, reasonIn, wordIn } from '../../protocol/web/words.ts';

const parameters = (text: string): readonly string[] => [...text.matchAll(/\{(\w+)\}/g)].map((each) => each[1] ?? '').sort();

t.test('both catalogues have the same keys with the same parameters, none empty, in composed letters', async (t) => {
  t.strictSame(Object.keys(en).sort(), Object.keys(vi).sort());
  for (const [key, text] of Object.entries(vi)) {
    const other: string = en[key as keyof typeof vi];
    t.strictSame(parameters(other), parameters(text), key);
    t.ok(text.trim() !== '' && other.trim() !== '', `${key} is not empty`);
    t.equal(text, text.normalize('NFC'), `${key} is NFC`);
  }
  for (const act of Object.keys(actsInEnglish)) t.ok(Object.hasOwn(words, act), `${act} has Vietnamese words`);
});

t.test('texts are filled in, and a missing parameter stays visible', async (t) => {
  t.equal(translate('vi', 'floor.saidNow', { name: 'TP. Châu Đốc' }), 'TP. Châu Đốc đang phát biểu.');
  t.equal(fill('{a} and {b}', { a: 1 }), '1 and {b}');
  t.equal(translateCount('en', 'meetings.sites', 1, '1'), '1 site');
  t.equal(translateCount('en', 'meetings.sites', 13, '13'), '13 sites');
  t.equal(translateCount('vi', 'meetings.sites', 1, '1'), '1 điểm cầu');
  t.strictSame([languageOf(null), languageOf('fr'), languageOf('en')], ['vi', 'vi', 'en']);
});

t.test('figures and times are written as in Vietnam, in the time of Vietnam, whatever the language', async (t) => {
  const [f, e] = [format('vi'), format('en')];
  const at = Date.UTC(2026, 2, 5, 1, 30, 5);
  const rows: readonly (readonly [got: string, want: string])[] = [
    [f.percent(0.12), '0,1%'],
    [f.percent(0), '0%'],
    [f.percent(12.4), '12%'],
    [e.percent(0.12), '0.1%'],
    [f.percent(null), nothing],
    [f.ms(17.6), '18 ms'],
    [f.rate(215.4), '215 kb/s'],
    [f.rate(1840), '1,8 Mb/s'],
    [f.bytes(812_000_000), '812 MB'],
    [f.bytes(1_450_000_000), '1,5 GB'],
    [f.bytes(1200), '2 kB'],
    [f.number(1_234_567.891, 2), '1.234.567,89'],
    [f.clock(at), '08:30:05'],
    [f.clockShort(at), '08:30'],
    [f.day(at), 'Thứ Năm, 05/03/2026'],
    [e.day(at), 'Thursday, 05/03/2026'],
    [f.when(at), '05/03/2026 08:30'],
    [f.when(null), nothing],
    [f.duration(187_900), '3:07'],
    [f.duration(3_787_000), '1:03:07'],
    [f.duration(-5), '0:00'],
    [f.age(12_300), '12 giây'],
    [f.age(185_000), '3 phút'],
    [e.age(1000), '1 second'],
    [e.age(7_300_000), '2 hours'],
  ];
  for (const [got, want] of rows) t.equal(got.replaceAll('\u00a0', ' '), want);
  t.equal(f.clock(Date.UTC(2026, 2, 5, 17, 0, 0)), '00:00:00', 'midnight is 0, not 24');
});

t.test('names are found without marks and sorted with them', async (t) => {
  t.equal(fold('Đắk Lắk'), 'dak lak');
  t.equal(fold('Đắk Lắk'.normalize('NFD')), 'dak lak', 'typed by an old input method');
  const rows: readonly (readonly [text: string, wanted: string, found: boolean])[] = [
    ['TP. Châu Đốc', 'chau doc', true],
    ['TP. Châu Đốc', 'doc chau', true],
    ['TP. Châu Đốc', 'ĐỐC', true],
    ['TP. Châu Đốc', 'tan chau', false],
    ['TP. Châu Đốc', '', true],
  ];
  for (const [text, wanted, found] of rows) t.equal(matches(text, wanted), found, `${wanted} in ${text}`);
  const names = ['Yên Bái', 'Đồng Nai', 'Hà Nội', 'Đà Nẵng', 'An Giang', 'Điện Biên', 'Bắc Ninh'];
  t.strictSame(names.sort(compareNames), ['An Giang', 'Bắc Ninh', 'Đà Nẵng', 'Điện Biên', 'Đồng Nai', 'Hà Nội', 'Yên Bái']);
  const sites = [
    { order: 1, name: 'Đ' },
    { order: 0, name: 'Y' },
    { order: 1, name: 'D' },
  ];
  t.strictSame(
    sites.sort(compareSites).map((each) => each.name),
    ['Y', 'D', 'Đ'],
  );
});

type Figures = Pick<SiteView, 'state' | 'lossPercent' | 'rttMs' | 'tile'>;
const fine: Figures = { state: 'online', lossPercent: 0, rttMs: 20, tile: 'live' };

t.test('health follows state, loss and round trip, with hysteresis so that a mark does not flicker', async (t) => {
  const rows: readonly (readonly [name: string, site: Figures, before: Health | undefined, want: Health])[] = [
    ['all well', fine, undefined, 'good'],
    ['figures not known yet', { ...fine, lossPercent: null, rttMs: null }, undefined, 'good'],
    ['loss raises', { ...fine, lossPercent: 1 }, 'good', 'degraded'],
    ['less loss than raises', { ...fine, lossPercent: 0.8 }, 'good', 'good'],
    ['the same loss keeps it', { ...fine, lossPercent: 0.8 }, 'degraded', 'degraded'],
    ['loss clears', { ...fine, lossPercent: 0.4 }, 'degraded', 'good'],
    ['much loss', { ...fine, lossPercent: 5 }, 'good', 'poor'],
    ['poor is kept', { ...fine, lossPercent: 3 }, 'poor', 'poor'],
    ['poor clears to degraded', { ...fine, lossPercent: 2 }, 'poor', 'degraded'],
    ['slow', { ...fine, rttMs: 260 }, 'good', 'degraded'],
    ['very slow', { ...fine, rttMs: 410 }, 'good', 'poor'],
    ['central says degraded', { ...fine, state: 'degraded' }, 'good', 'degraded'],
    ['no picture', { ...fine, tile: 'slate' }, 'good', 'degraded'],
    ['offline', { ...fine, state: 'offline' }, 'good', 'lost'],
    ['never seen', { ...fine, state: 'never' }, undefined, 'never'],
  ];
  for (const [name, site, before, want] of rows) t.equal(health(site, before), want, name);
});

t.test('each state has its own shape and its own letter in both languages', async (t) => {
  t.equal(new Set(healths.map((each) => marks[each].shape)).size, healths.length);
  for (const language of ['vi', 'en'] as const)
    t.equal(new Set(healths.map((each) => translate(language, marks[each].letter))).size, healths.length);
});

t.test('a problem is a sentence that names field and reason in the chosen language', async (t) => {
  const problem = (code: string, detail: string, more: Partial<Problem> = {}): Problem => ({
    type: '',
    title: '',
    status: 422,
    detail,
    code,
    ...more,
  });
  const rows: readonly (readonly [problem: Problem | null, vi: string, en: string])[] = [
    [
      problem('input.invalid', '/password: must not have fewer than 12 characters', { path: '/password' }),
      'Mật khẩu: cần ít nhất 12 ký tự.',
      'Password: needs at least 12 characters.',
    ],
    [
      problem('input.invalid', '/sites: must not have fewer than 1 items', { path: '/sites' }),
      'Điểm cầu tham dự: cần chọn ít nhất 1 mục.',
      'Sites that take part: choose at least 1.',
    ],
    [problem('input.invalid', '/odd: unknown key', { path: '/odd' }), 'Trường “odd”: không được nhận biết.', 'Field “odd”: is not known.'],
    [problem('conflict', 'user: thu-ky exists'), 'Không làm được lúc này: thu-ky đã có.', 'Not possible now: thu-ky exists.'],
    [
      problem('conflict', 'next: long-xuyen has the floor'),
      'Không làm được lúc này: long-xuyen đang phát biểu.',
      'Not possible now: long-xuyen has the floor.',
    ],
    [problem('not-found', 'there is no meeting m-abcdef'), 'Không tìm thấy: cuộc họp m-abcdef.', 'Not found: meeting m-abcdef.'],
    [
      problem('auth.forbidden', 'this needs admin'),
      'Tài khoản của bạn không có quyền làm việc này.',
      'Your account is not allowed to do this.',
    ],
    [
      problem('never.heard', 'something new', { status: 500 }),
      'Máy chủ báo lỗi 500: something new.',
      'The server reports error 500: something new.',
    ],
    [null, translate('vi', 'problem.network'), translate('en', 'problem.network')],
  ];
  for (const [given, vietnamese, english] of rows) {
    t.equal(sentence('vi', given), vietnamese);
    t.equal(sentence('en', given), english);
  }
});

t.test('reasons and words of the system are said in Vietnamese, and strange ones are not hidden', async (t) => {
  t.equal(reasonIn('vi', 'nobody has the floor'), 'chưa có ai phát biểu');
  t.equal(reasonIn('vi', 'long-xuyen has the floor'), 'long-xuyen đang phát biểu');
  t.equal(reasonIn('en', 'Chưa có ai phát biểu'), 'Nobody has the floor', 'what a hub says in the language of the rooms');
  const out = 'the way out is narrow (about 0.4 Mbit/s): main at 250 kbit/s, tile at 3 pictures/s';
  const into = 'the way in is narrow (about 0.36 Mbit/s): the small picture of the speaker';
  const vi = 'Đường truyền lên hẹp (≈ 0,4 Mbit/s): giảm chất lượng hình chính (còn 250 kbit/s), hình nhỏ còn 3 hình/giây';
  t.equal(reasonIn('vi', out), vi);
  t.equal(reasonIn('vi', `${out}; ${into}`), `${vi}; Đường truyền xuống hẹp (≈ 0,36 Mbit/s): chỉ nhận hình nhỏ của người phát biểu`);
  t.equal(reasonIn('en', into), into);
  t.equal(reasonIn('vi', 'a reason of tomorrow'), 'a reason of tomorrow');
  t.equal(reasonIn('vi', 'plays again after: killed by SIGKILL'), 'chạy lại sau sự cố: bị ngắt bởi SIGKILL', 'to its end in one language');
  t.equal(
    reasonIn('vi', 'no picture, though C40 answers: backup camera stalled'),
    'không có hình dù C40 vẫn trả lời: camera dự phòng ngừng gửi hình',
  );
  t.equal(reasonIn('vi', 'not measured: floorLost, floorGapMs'), 'không đo được: Khung hình phát biểu mất, Hình phát biểu ngắt');
  t.equal(reasonIn('en', 'not measured: audioGapMs'), 'not measured: Sound interrupted');
  t.match(reasonIn('vi', 'nobody was seen on the floor: its figures were not measured'), /^không phòng nào thấy hình người phát biểu/);
  t.equal(reasonIn('vi', "its clock is 3600 s behind central's"), 'đồng hồ chậm hơn máy chủ trung tâm 3600 giây');
  t.match(reasonIn('vi', 'its memory (desired state) is damaged and was put aside'), /^tệp ghi nhớ lệnh của trung tâm bị hỏng/);
  t.equal(reasonIn('vi', 'no camera: a reason of $1'), 'không có hình từ máy quay: a reason of $1');
  for (const [said, means] of [
    ['power is being set; volume is not known yet', 'đang chỉnh: nguồn; chưa rõ: âm lượng'],
    ['input: device.silent: device=screen command=input afterMs=1000; input is being set', 'thiết bị không trả lời; đang chỉnh: ngõ vào'],
    [
      'not connected: unreachable: what=10.0.0.9:4352 because=connect ECONNREFUSED 10.0.0.9:4352',
      /^chưa kết nối: không tới được thiết bị qua mạng/,
    ],
    ['device.login: device=codec because=refused', 'thiết bị không nhận tên hoặc mật khẩu'],
    ['it is warming; a reason of tomorrow', 'thiết bị đang khởi động; a reason of tomorrow'],
  ] as const)
    t.match(reasonIn('vi', said), means, said);
  t.equal(reasonIn('en', 'nobody has the floor'), 'nobody has the floor');
  t.equal(
    reasonIn('en', 'preset: device.refused: device=x command=recall 1 because=E11: bad preset; preset is being set'),
    'preset: E11: bad preset; preset is being set',
  );
  t.equal(complaintIn('vi', 'VideoSource/SignalLoss (VideoSource_1)'), 'camera báo mất tín hiệu hình');
  t.equal(complaintIn('en', 'fan too loud'), 'fan too loud');
  t.equal(wordIn('vi', 'crashed'), 'bị lỗi và thoát');
  t.equal(wordIn('en', 'meeting.floor'), 'gave or took the floor');
  t.equal(wordIn('en', 'disk-full'), 'disk full');
});

t.test('single keys act only when they are on, alone, once, and nobody types', async (t) => {
  const pressed = { key: 'n', chord: false, repeated: false, busy: false };
  t.equal(shortcut(pressed, true), 'next');
  t.equal(shortcut({ ...pressed, key: 'N' }, true), 'next', 'with Caps Lock');
  t.equal(shortcut(pressed, false), null);
  for (const change of [{ chord: true }, { repeated: true }, { busy: true }, { key: 'q' }])
    t.equal(shortcut({ ...pressed, ...change }, true), null);
  t.equal(new Set(bindings.map((each) => each.key)).size, bindings.length);
});

t.test('arrow keys walk through the rows of tiles and stop at the edges', async (t) => {
  const rows: readonly (readonly [key: string, from: number, want: number | null])[] = [
    ['ArrowRight', 0, 1],
    ['ArrowDown', 0, 7],
    ['ArrowUp', 8, 1],
    ['ArrowLeft', 0, null],
    ['ArrowDown', 6, null],
    ['Home', 5, 0],
    ['End', 5, 12],
    ['a', 5, null],
  ];
  for (const [key, from, want] of rows) t.equal(arrow(key, from, 13, 7), want, `${key} from ${from}`);
});

t.test('the limits that a page checks are those of the schemas', async (t) => {
  t.equal(passwordMin, (Password as { minLength?: number }).minLength);
  t.equal(passwordMax, (Password as { maxLength?: number }).maxLength);
  t.equal(userNamePattern, (UserName as { pattern?: string }).pattern);
  t.equal(nodeIdPattern, (NodeId as { pattern?: string }).pattern);
  t.ok(decoder(NewUserBody).check({ name: 'thu-ky', password: 'x'.repeat(passwordMin), role: 'operator' }).ok);
});

/** Relative luminance and contrast (WCAG 2.2, definitions). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a: string, b: string): number => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

t.test('text has a contrast of 4.5 and marks and edges of 3 on every ground they stand on', async (t) => {
  const css = readFileSync(join(packageRoot(), 'protocol/web/style/tokens.css'), 'utf8');
  const colour = new Map([...css.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((each) => [each[1] ?? '', each[2] ?? '']));
  const of = (name: string): string => {
    const found = colour.get(name);
    if (found === undefined) throw new Error(`no colour --${name}`);
    return found;
  };
  const grounds = ['ground', 'surface', 'raised'] as const;
  const rows: readonly (readonly [front: string, backs: readonly string[], least: number])[] = [
    ['text', [...grounds, 'hover'], 4.5],
    ['dim', grounds, 4.5],
    ['error-text', grounds, 4.5],
    ['accent', ['ground', 'surface'], 4.5],
    ['on-accent', ['accent'], 4.5],
    ['on-danger', ['danger'], 4.5],
    ['ground', ['text'], 4.5],
    ['focus', grounds, 3],
    ['edge', ['ground', 'surface', 'raised'], 3],
    ...(['good', 'degraded', 'poor', 'lost', 'never', 'unknown'] as const).map((each) => [each, grounds, 3] as const),
  ];
  for (const [front, backs, least] of rows)
    for (const back of backs) {
      const got = contrast(of(front), of(back));
      t.ok(got >= least, `--${front} on --${back}: ${got.toFixed(2)} of ${least}`);
    }
});
