/** The page itself in a real Chromium against a stand-in of central: what people see, what is sent when they press, and what happens when the line dies. */
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { FakeCentral, fakePassword, type Seen } from '../support/fake-central.ts';
import { meetingId } from '../support/fake-province.ts';
import { audit, buildPage, openBrowser, type Visit, visit } from '../support/page.ts';
import { tempFolder } from '../support/temp-folder.ts';

// A browser on a busy machine: a guard against hanging, not a limit on speed.
t.setTimeout(240_000);
const web = tempFolder(t);
const built = await buildPage(web);
const browser = await openBrowser();
const stills = new Map<string, Promise<Buffer>>();
t.teardown(() => browser.close());

const as = (name: string) => ({ name, password: fakePassword });
const at = `/meetings/${meetingId}`;

/** A stand-in of its own, so that one test's floor is not another's. */
async function open(
  t: Test,
  { setupNeeded = false, ...change }: Partial<Visit> & { readonly user: Visit['user']; readonly setupNeeded?: boolean },
) {
  const central = new FakeCentral(web, { scale: 0.25, stills });
  central.setupNeeded = setupNeeded;
  const base = await central.start();
  t.teardown(() => central.stop());
  const { page, errors } = await visit(browser, { base, ...change });
  t.teardown(() => page.context().close());
  return { central, base, page, errors };
}

const count = (page: Page, selector: string): Promise<number> => page.locator(selector).count();
const text = async (page: Page, selector: string): Promise<string> =>
  ((await page.locator(selector).first().textContent()) ?? '').replace(/\s+/g, ' ').trim();

const has = (page: Page, selector: string, wanted: string) =>
  eventually(async () => {
    const got = await text(page, selector);
    return got.includes(wanted) ? undefined : `${selector} says "${got}" and not "${wanted}"`;
  });

const sent = (central: FakeCentral, path: string) =>
  eventually(() =>
    central.seen.some((each) => each.path === path) ? undefined : `seen ${central.seen.map((each) => each.path).join(', ')}`,
  ).then(() => central.seen.findLast((each) => each.path === path) as Seen);

/** The picture plays: its time goes on. */
async function plays(page: Page, view: 'program' | 'mosaic' | 'site'): Promise<void> {
  const now = () => page.evaluate<number>(`document.querySelector('[data-view=${view}] video').currentTime`);
  await page.waitForSelector(`[data-view=${view}][data-picture=playing]`, { timeout: 20_000 });
  const from = await now();
  await eventually(async () => ((await now()) > from + 0.5 ? undefined : `${view} stands at ${await now()}`));
}

t.test('the script of the page is small enough for a slow line', async (t) => {
  const script = built.find((each) => each.name.endsWith('.js'));
  t.ok(script !== undefined && script.gzip <= 120_000, `${script?.gzip} bytes of JavaScript, compressed`);
  t.match(
    built.map((each) => each.name).sort(),
    ['assets/icon-', 'assets/page-', 'assets/page-', 'index.html'].map((each) => new RegExp(each)),
  );
});

t.test('one logs in with name and password, and a wrong password is said in words', async (t) => {
  const { page } = await open(t, { user: null });
  await page.fill('[name=name]', 'thu-ky');
  await page.fill('[name=password]', 'sai');
  await page.press('[name=password]', 'Enter');
  await has(page, '.error', 'Tên đăng nhập hoặc mật khẩu không đúng.');
  t.equal(await count(page, 'a[href^="#/setup"]'), 0, 'there are people already: no way to make the first one');
  t.strictSame(await audit(page), []);
  await page.fill('[name=password]', fakePassword);
  await page.press('[name=password]', 'Enter');
  await page.waitForSelector('.tile');
  t.match(page.url(), new RegExp(`#/meeting/${meetingId}$`), 'the only running meeting opens by itself');
  await page.click('.account');
  await page.click('[data-act=logout]');
  await page.waitForSelector('[data-act=login]');
});

t.test('before there is anybody the login page leads to the first setup', async (t) => {
  const { page, central } = await open(t, { user: null, setupNeeded: true });
  await page.click('a[href="#/setup/"]');
  await page.waitForSelector('[name=token]');
  t.strictSame(await audit(page), []);
  t.strictSame(central.seen, [], 'asking changes nothing');
});

t.test('the first administrator is made with the code from a link', async (t) => {
  const { page, central } = await open(t, { user: null, hash: '#/setup/MA-KHOI-TAO' });
  await page.fill('[name=name]', 'chanh-van-phong');
  await page.fill('[name=password]', fakePassword);
  await page.fill('[name=again]', `${fakePassword}!`);
  await page.fill('[name=name]', 'Chánh văn phòng');
  await page.click('[data-act=setup]');
  await has(page, '.error', 'Tên đăng nhập: có ký tự không được phép.');
  t.equal(await page.evaluate('document.activeElement.name'), 'name', 'the focus is on the field that is wrong');
  await page.fill('[name=name]', 'chanh-van-phong');
  await page.click('[data-act=setup]');
  await has(page, '.error', 'Hai lần nhập mật khẩu không giống nhau.');
  t.strictSame(await audit(page), []);
  await page.fill('[name=again]', fakePassword);
  await page.click('[data-act=setup]');
  await page.waitForSelector('nav a[href="#/users"]');
  await page.waitForSelector('.tile');
  t.match(page.url(), new RegExp(`#/meeting/${meetingId}$`));
  t.strictSame(central.seen[0]?.body, { token: 'MA-KHOI-TAO', name: 'chanh-van-phong', password: fakePassword });
});

t.test('an operator sees thirteen tiles and two playing pictures in one window, and gives the floor', async (t) => {
  const { page, central, errors } = await open(t, { user: as('thu-ky') });
  await page.waitForSelector('.tile');
  t.equal(await count(page, '.tile'), 13);
  await plays(page, 'program');
  await plays(page, 'mosaic');
  t.equal(
    await page.evaluate<number>('document.documentElement.scrollHeight - document.documentElement.clientHeight'),
    0,
    'nothing to scroll at 1366 by 768',
  );
  await has(page, '.floor-now', 'TP. Long Xuyên');
  await has(page, '.floor-next', 'TP. Châu Đốc');
  t.match(await text(page, '[data-site=cho-moi] .mark'), /^K ?Kém$/, 'shape, letter and word');
  t.match(await text(page, '[data-site=thoai-son] .mark'), /^M ?Mất$/);
  t.equal(await page.getAttribute('[data-site=long-xuyen]', 'data-speaking'), 'true');

  await page.click('[data-site=tan-chau] [data-act=give]');
  const asked = await sent(central, `${at}/floor`);
  t.strictSame(asked.body, { site: 'tan-chau' });
  t.equal(asked.csrf, 'fake-csrf');
  t.match(asked.key, /^[0-9a-f]{32}$/);
  await has(page, '.floor-now', 'TX. Tân Châu');
  await has(page, '.picture-caption', 'TX. Tân Châu');
  await plays(page, 'program');
  await eventually(async () =>
    (await text(page, '[role=status].unseen')).includes('TX. Tân Châu đang phát biểu.') ? undefined : 'the change is not announced',
  );

  await page.click('.floor [data-act=back]');
  await sent(central, `${at}/back`);
  await has(page, '.floor-now', 'TP. Long Xuyên');
  await page.click('[data-site=an-phu] [data-act=mute]');
  t.strictSame((await sent(central, `${at}/mute`)).body, { site: 'an-phu', muted: false });
  await page.click('[data-site=phu-tan] [data-act=next]');
  t.strictSame((await sent(central, `${at}/next`)).body, { site: 'phu-tan' });
  await has(page, '.floor-next', 'Huyện Phú Tân');
  await page.click('[data-act=record]');
  t.strictSame((await sent(central, `${at}/record`)).body, { on: false });
  await page.click('[data-act=layout-speaker]');
  t.strictSame((await sent(central, `${at}/layout`)).body, { mosaic: 'speaker', page: 0 });

  await page.click('.floor [data-act=take]');
  await has(page, '[data-view=program] .picture-waiting', 'Chưa có ai phát biểu');
  await page.click('[data-act=end]');
  t.notOk(
    central.seen.some((each) => each.path === `${at}/end`),
    'ending asks first',
  );
  await page.click('dialog [data-act=confirm]');
  await sent(central, `${at}/end`);
  await has(page, '.meeting .empty', 'Cuộc họp đã kết thúc.');
  t.strictSame(errors, []);
});

t.test('a refused command is said as a sentence with the name of the site', async (t) => {
  const { page, central } = await open(t, { user: as('thu-ky') });
  await page.waitForSelector('.tile');
  // Between the page and central the floor has moved on.
  central.meeting = { ...central.meeting, grant: { ...central.meeting.grant, slots: ['tan-chau'] } };
  await page.click('[data-site=tan-chau] [data-act=next]');
  await has(page, '.notice', 'Không làm được lúc này: TX. Tân Châu đang phát biểu.');
});

t.test('a picture that stops or breaks, or whose line falls silent, says so, and plays again by itself', async (t) => {
  const { page, central } = await open(t, { user: as('khach') });
  await plays(page, 'mosaic');
  central.mosaic.wait('the mosaic worker restarts');
  await has(page, '[data-view=mosaic] .picture-waiting', 'Đang chờ hình');
  await has(page, '[data-view=mosaic] .picture-waiting', 'the mosaic worker restarts');
  central.mosaic.show('testsrc2=s=320x180:r=15', null);
  await plays(page, 'mosaic');
  const begun = () => page.waitForEvent('websocket', { predicate: (socket) => socket.url().endsWith('/preview/mosaic'), timeout: 60_000 });
  const afresh = begun();
  central.mosaic.wait('nothing to see, and then not a word', false);
  await afresh;
  central.mosaic.show('testsrc2=s=320x180:r=15', null);
  await plays(page, 'mosaic');
  // The gap may be shorter than a look at the page takes: the new connection tells that the picture was begun anew.
  const anew = begun();
  central.mosaic.spoil();
  await anew;
  await plays(page, 'mosaic');
});

t.test('a viewer sees everything and can press nothing that changes the meeting', async (t) => {
  const { page } = await open(t, { user: as('khach') });
  await page.waitForSelector('.tile');
  t.equal(await count(page, '.tile'), 13);
  for (const act of ['give', 'take', 'next', 'mute', 'give-next', 'back', 'record', 'end', 'invite', 'layout-grid'])
    t.equal(await count(page, `[data-act=${act}]`), 0, act);
  t.equal(await count(page, 'nav a[href="#/users"], nav a[href="#/audit"]'), 0);
  await page.goto(page.url().replace(/#.*/, '#/sites'));
  await page.waitForSelector('table');
  t.equal(await count(page, '[data-act=add-site], .row-acts'), 0);
});

t.test('figures of a dead line never look fresh, and come back by themselves', async (t) => {
  const { page, central } = await open(t, { user: as('thu-ky') });
  await page.waitForSelector('.tile');
  t.equal(await count(page, '[data-part=stale]'), 0);
  central.silent(false);
  await page.waitForSelector('[data-part=stale]', { timeout: 20_000 });
  t.match(await text(page, '[data-part=stale]'), /Số liệu bên dưới đã cũ \d+ giây/);
  t.equal(await count(page, '.tile[data-health=unknown]'), 13);
  t.match(await text(page, '[role=alert].unseen'), /Mất kết nối/);
  t.strictSame(await audit(page), []);
  central.silent(true);
  await page.waitForSelector('[data-part=stale]', { state: 'detached', timeout: 20_000 });
  await page.waitForSelector('.tile[data-health=good]');
});

t.test('the language is switched at once and remembered', async (t) => {
  const { page } = await open(t, { user: as('thu-ky') });
  await has(page, '.floor', 'Đang phát biểu');
  await page.click('[data-act=language-en]');
  await has(page, '.floor', 'Has the floor');
  t.equal(await page.getAttribute('html', 'lang'), 'en');
  t.match(await text(page, '[data-site=cho-moi] .mark'), /^P ?Poor$/);
  await page.reload();
  await has(page, '.floor', 'Has the floor');
});

t.test('the meeting can be run with the keyboard alone', async (t) => {
  const { page, central } = await open(t, { user: as('thu-ky') });
  await page.waitForSelector('.tile');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.className'), 'skip', 'the first stops lead past the header');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  t.equal(await page.evaluate('document.activeElement.id'), 'sites');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  t.equal(await page.evaluate("document.activeElement.closest('.tile').dataset.site"), 'cho-moi', 'one row down from the first');
  t.ok(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle === 'solid'"), 'the focus is seen');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  t.strictSame((await sent(central, `${at}/floor`)).body, { site: 'cho-moi' });
  await has(page, '.floor-now', 'Huyện Chợ Mới');
  await page.keyboard.press('n');
  await has(page, '.floor-now', 'TP. Châu Đốc');
  await page.keyboard.press('b');
  await has(page, '.floor-now', 'Huyện Chợ Mới');

  await page.keyboard.press('?');
  await page.click('dialog [name=shortcuts]');
  t.strictSame(await audit(page), []);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  const before = central.seen.length;
  await page.keyboard.press('r');
  await page.click('[data-site=tan-chau] [data-act=mute]');
  await sent(central, `${at}/mute`);
  t.equal(central.seen.length, before + 1, 'single keys do nothing when they are switched off');
});

t.test('the floor goes to a site that is not there only when asked twice, by button and by key', async (t) => {
  const { page, central } = await open(t, { user: as('thu-ky') });
  await has(page, '[data-site=thoai-son] .mark', 'M');
  await page.click('[data-site=thoai-son] [data-act=give]');
  await has(page, 'dialog h2', 'Huyện Thoại Sơn chưa vào họp. Vẫn trao lượt?');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  t.strictSame(
    central.seen.filter(({ path }) => path.startsWith(at)),
    [],
    'nothing was sent',
  );
  await page.click('[data-site=thoai-son] [data-act=next]');
  await has(page, '.floor-next', 'Huyện Thoại Sơn');
  await page.keyboard.press('n');
  await has(page, 'dialog h2', 'Huyện Thoại Sơn chưa vào họp. Vẫn trao lượt?');
  await page.click('dialog [data-act=confirm]');
  t.strictSame((await sent(central, `${at}/floor`)).body, { site: 'thoai-son' });
});

t.test('the media of a site are started anew from its card, after a question that stays until it is answered', async (t) => {
  const { page, central } = await open(t, { user: as('thu-ky') });
  await page.click('[data-site=tan-chau] .tile-name');
  await page.click('dialog [data-act=restart]');
  await page.waitForSelector('dialog [data-act=confirm]');
  // The card has left the page; what the browser still tells of its closing comes with the next frames.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))');
  t.equal(await count(page, 'dialog[open] [data-act=confirm]'), 1);
  await page.click('dialog [data-act=confirm]');
  await sent(central, '/sites/tan-chau/restart-media');
});

t.test('a meeting is made with the sites one chooses, found without marks', async (t) => {
  const { page, central } = await open(t, { user: as('thu-ky'), hash: '#/new-meeting' });
  await page.waitForSelector('.pick-list');
  await page.click('[data-act=create]');
  await has(page, '.error', 'Chưa nhập tên cuộc họp.');
  await page.fill('[name=title]', 'Họp phòng chống lũ');
  await page.click('[data-act=none]');
  await page.fill('[name=search]', 'chau');
  t.equal(await count(page, '.pick-list li'), 4);
  await page.click('[data-act=all]');
  await page.fill('[name=search]', 'doc');
  await page.click('[name=site-chau-doc]');
  await page.click('[data-act=create]');
  t.strictSame((await sent(central, '/meetings')).body, {
    title: 'Họp phòng chống lũ',
    sites: ['tan-chau', 'chau-phu', 'chau-thanh'],
    language: 'vi',
  });
});

t.test('an administrator adds a site, and hears in words what is wrong with a new user', async (t) => {
  const { page, central } = await open(t, { user: as('admin'), hash: '#/sites' });
  await page.click('[data-act=add-site]');
  await page.fill('dialog [name=name]', 'Phường Núi Sam');
  await page.fill('dialog [name=id]', 'nui-sam');
  await page.click('dialog [data-act=save]');
  t.strictSame((await sent(central, '/sites')).body, { site: 'nui-sam', name: 'Phường Núi Sam', protection: 'warm' });
  await page.click('[data-act=change-chau-doc]');
  t.equal(await page.inputValue('dialog [name=protection]'), 'warm');
  await page.selectOption('dialog [name=protection]', 'hot');
  await page.click('dialog [data-act=save]');
  t.strictSame((await sent(central, '/sites/chau-doc')).body, { name: 'TP. Châu Đốc', protection: 'hot' });
  await eventually(async () => ((await count(page, 'dialog')) === 0 ? undefined : 'the dialog is still open'));
  await eventually(async () => ((await count(page, 'tbody tr')) === 15 ? undefined : 'the new site is not in the table'));
  await page.click('nav a[href="#/users"]');
  await page.click('[data-act=add-user]');
  await page.fill('dialog [name=name]', 'truc-ban');
  await page.evaluate("document.querySelector('dialog [name=password]').removeAttribute('minlength')");
  await page.fill('dialog [name=password]', 'ngan');
  await page.click('dialog [data-act=save]');
  await has(page, 'dialog .error', 'Mật khẩu: cần ít nhất 12 ký tự.');
});

t.test('a recording plays in the page', async (t) => {
  const { page } = await open(t, { user: as('khach'), hash: '#/recordings' });
  await page.click('[data-act=play]');
  await eventually(async () =>
    (await page.evaluate<number>("document.querySelector('dialog video')?.currentTime ?? 0")) > 0.3 ? undefined : 'it does not play',
  );
  await has(page, 'dialog .segments', 'TP. Long Xuyên');
  t.equal(await page.getAttribute('dialog .segments a', 'href'), '/api/v1/recordings/r-cuochop234/0000.mkv?hub=hub-an-giang');
  t.equal(await count(page, '[data-act=delete]'), 0, 'a viewer deletes nothing');
});

t.test('a room is seen live by who steers its camera, only while the page shows it; else a still picture says how old it is', async (t) => {
  const { page, central, base, errors } = await open(t, { user: as('thu-ky'), hash: '#/room/tan-chau' });
  const watched = () => [...central.singles].filter(([, each]) => each.clients > 0).map(([site]) => site);
  const only = (...sites: readonly string[]) =>
    eventually(() => (watched().join() === sites.join() ? undefined : `watched: ${watched()} and not ${sites}`));
  await plays(page, 'site');
  await has(page, '.picture-caption', 'TX. Tân Châu');
  await page.waitForSelector('[data-view=site] .still', { state: 'detached' });
  await only('tan-chau');
  await page.evaluate("window.location.hash = '#/room/chau-doc'");
  await has(page, '.picture-caption', 'TP. Châu Đốc');
  await plays(page, 'site');
  await only('chau-doc');
  await page.evaluate("window.location.hash = '#/sites'");
  await only();

  central.singlesFull = true;
  await page.evaluate("window.location.hash = '#/room/tan-chau'");
  await has(page, '[data-view=site] .picture-waiting', 'Đang mở quá nhiều hình xem riêng');
  await page.waitForSelector('[data-view=site] .still img');
  await has(page, '.still-age', 'Hình đứng, chụp');
  await page.waitForSelector('[data-view=site] .picture-title', { state: 'hidden' });
  t.strictSame(await audit(page), []);
  central.singlesFull = false;
  await plays(page, 'site');
  await page.waitForSelector('.still', { state: 'detached' });
  await page.context().close();
  await only();

  const { page: guest } = await visit(browser, { base, user: as('khach'), hash: '#/room/tan-chau', language: 'en' });
  t.teardown(() => guest.context().close());
  await guest.waitForSelector('[data-view=still] img');
  await has(guest, '.still-age', 'Still picture, taken');
  t.match(await text(guest, '.still-age'), /[3-9] seconds ago|\d\d+ seconds ago|minute/, 'no younger than the hub says');
  t.strictSame(watched(), [], 'who may not steer takes no place');
  central.patch({ meetings: [{ ...central.meeting, state: 'ended' }] });
  await has(guest, '.room-grid', 'The site is in no meeting, so there is no picture.');
  t.strictSame(errors, []);
});
