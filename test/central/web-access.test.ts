/** Every page, in both languages and on the screens that offices have, looked at by an audit of our own: names, contrast, sizes, room for marks. */
import t from 'tap';
import { FakeCentral, fakePassword } from '../support/fake-central.ts';
import { meetingId } from '../support/fake-province.ts';
import { audit, buildPage, openBrowser, visit } from '../support/page.ts';
import { tempFolder } from '../support/temp-folder.ts';

// A browser on a busy machine: a guard against hanging, not a limit on speed.
t.setTimeout(240_000);
const web = tempFolder(t);
await buildPage(web);
const browser = await openBrowser();
t.teardown(() => browser.close());
const central = new FakeCentral(web, { scale: 0.25 });
const base = await central.start();
t.teardown(() => central.stop());

for (const language of ['vi', 'en'] as const)
  t.test(`every page can be used by everybody, in ${language}, on small and large screens`, async (t) => {
    const { page, errors } = await visit(browser, { base, user: { name: 'admin', password: fakePassword }, language });
    t.teardown(() => page.context().close());
    for (const size of [
      { width: 1366, height: 768 },
      { width: 1366, height: 625 },
      { width: 1920, height: 1080 },
    ]) {
      await page.setViewportSize(size);
      for (const [hash, sign] of [
        [`#/meeting/${meetingId}`, '.tile img'],
        ['#/x', '.cards'],
        ['#/new-meeting', '.pick-list'],
        ['#/sites', 'table'],
        ['#/room/ubnd-tinh', '[data-device=camera]'],
        ['#/recordings', 'table'],
        ['#/log', 'table'],
        ['#/audit', 'table'],
        ['#/users', 'table'],
        ['#/account', 'form'],
      ] as const) {
        await page.goto(`${base}/${hash}`);
        await page.waitForSelector(sign);
        t.strictSame(await audit(page), [], `${hash} at ${size.width} by ${size.height}`);
      }
    }
    for (const [hash, opener, name] of [
      [`#/meeting/${meetingId}`, '[data-site=cho-moi] .tile-name', 'details of a site'],
      [`#/meeting/${meetingId}`, '[data-act=invite]', 'invitation'],
      [`#/meeting/${meetingId}`, '[data-act=end]', 'question before the end'],
      ['#/room/ubnd-tinh', '[data-device=camera] [data-act=settings]', 'settings of a device'],
      ['#/sites', '[data-act=add-site]', 'a new site'],
      ['#/users', '[data-act=add-user]', 'a new user'],
      ['#/recordings', '[data-act=play]', 'a recording'],
      ['#/recordings', '[data-act=delete]', 'question before a recording is deleted'],
    ] as const) {
      await page.goto(`${base}/${hash}`);
      await page.click(opener);
      await page.waitForSelector('dialog[open]');
      t.strictSame(await audit(page), [], name);
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog', { state: 'detached' });
    }
    t.strictSame(errors, []);
  });
