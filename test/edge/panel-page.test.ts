/** The chair's panel in a real browser, served by the real edge process: opened by PIN, ruling by mouse and keyboard while central is away. */
import { join } from 'node:path';
import t from 'tap';
import { compareGrants, type Grant } from '../../protocol/grant.ts';
import { panelKey } from '../../protocol/node/pin.ts';
import { topic } from '../../protocol/topic.ts';
import { openPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { audit } from '../support/page.ts';
import { desired, edgeDesired } from '../support/plan.ts';
import { edge, network, satisfied } from '../support/site.ts';

t.setTimeout(300_000);
const pin = '042137';
const patient = { withinMs: 90_000 };
/** Where to keep what the page looked like, for whoever wants to see it. */
const { PANEL_PICTURES } = process.env;

t.test('a chair opens the panel, gives the floor, mutes and ends, while central is away', async (t) => {
  const on = await network(t);
  const plan = on.plan({ chair: 'site-1' });
  let known = plan.grant;
  let answers = false;
  on.hub.listeners.add((message) => {
    if (message.type !== 'grant' || !answers) return;
    if (compareGrants(message.grant, known) > 0) known = message.grant;
    on.hub.say({ type: 'grant', meeting: plan.meeting, grant: known });
  });
  const e = await edge(t, on, 'site-1', { panel: { host: '127.0.0.1', port: 0 } });
  const wish = { ...edgeDesired(plan, 'site-1', 'UBND Long Xuyên'), panel: await panelKey(plan.meeting, pin) };
  await on.broker.publish(topic('site-1', 'desired'), JSON.stringify(desired('site-1', 1, wish)), { retain: true });
  await satisfied(e, 1);
  const url = e.reported()?.media?.panel ?? '';
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/, 'the box tells where its panel is');

  const { page, close } = await openPage(url, { width: 1024, height: 768 });
  t.teardown(close);
  page.setDefaultTimeout(60_000);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(error.message));
  const shows = (selector: string, text: RegExp): Promise<void> =>
    eventually(async () => {
      const all = (await page.locator(selector).allTextContents()).join(' | ');
      return text.test(all) ? undefined : `${selector} shows "${all}"`;
    }, patient);
  /** The hub hears a moment later than the page shows. */
  const knows = (part: Partial<Grant>): Promise<void> =>
    eventually(() => {
      const wrong = Object.entries(part).filter(([key, value]) => JSON.stringify(known[key as keyof Grant]) !== JSON.stringify(value));
      return wrong.length === 0 ? undefined : `the hub knows ${JSON.stringify(known)}`;
    }, patient);
  const picture = async (name: string): Promise<void> => {
    if (PANEL_PICTURES !== undefined) await page.screenshot({ path: join(PANEL_PICTURES, `${name}.png`), fullPage: true });
  };
  /** Goes there by the Tab key alone. */
  const tabTo = (selector: string): Promise<void> =>
    eventually(async () => {
      if (await page.locator(`${selector}:focus`).count()) return undefined;
      await page.keyboard.press('Tab');
      return `${selector} has not the focus`;
    }, patient);

  await page.locator('[name=pin]:focus').waitFor();
  await picture('locked');
  t.strictSame(await audit(page), [], 'the lock can be used by everybody');
  await page.keyboard.type('000000');
  await page.keyboard.press('Enter');
  await shows('.lock', /Mã PIN không đúng/);
  await page.locator('[name=pin]').fill(pin);
  await page.keyboard.press('Enter');
  await shows('.head', /Họp giao ban.*UBND Long Xuyên/);
  await shows('.banner', /Trung tâm đang liên lạc được/);
  await on.broker.kill();
  await shows('.banner', /Trung tâm đang mất liên lạc/);

  await page.locator('[data-site=site-2] [data-act=give]').click();
  await shows('.banner.bad', /không trả lời.*chưa máy chủ hình nào/);
  await picture('no-hub');
  answers = true;
  on.hub.say({ type: 'grant', meeting: plan.meeting, grant: known });
  await shows('.hub[data-confirmed=true]', /hub-1 đã nhận/);

  await page.locator('[data-site=site-2] [data-act=give]').click();
  await shows('[data-now]', /Châu Đốc/);
  await shows('.banner.good', /hub-1 đã nhận/);
  await knows({ epoch: 2, by: 'site-1', slots: ['site-2'] });
  await tabTo('[data-site=site-3] [data-act=prepare]');
  await page.keyboard.press('Space');
  await shows('[data-next]', /Tân Châu/);
  await tabTo('[data-site=site-2] [data-act=mute]');
  await page.keyboard.press('Enter');
  await shows('[data-site=site-2]', /Đã tắt tiếng/);
  await picture('open');
  t.strictSame(await audit(page), [], 'the panel can be used by everybody');
  await tabTo('[data-act=give-next]');
  await page.keyboard.press('Enter');
  await shows('[data-now]', /Tân Châu/);
  await knows({ slots: ['site-3'], next: null, previous: 'site-2', muted: ['site-2'] });
  await page.locator('[data-act=back]').click();
  await shows('[data-now]', /Châu Đốc/);
  await page.locator('[data-act=take]').click();
  await shows('[data-now]', /Chưa có ai/);

  await page.locator('[data-act=language-en]').click();
  await shows('.banner', /Central cannot be reached: this panel rules/);
  await picture('open-en');
  t.strictSame(await audit(page), [], 'in English too');
  await page.locator('[data-act=end]').click();
  await picture('end');
  await page.locator('[data-act=cancel]').click();
  t.equal(known.ended, false, 'a question comes first');
  await page.locator('[data-act=end]').click();
  await page.locator('[data-act=confirm]').click();
  await shows('main', /does not have the chair/);
  await knows({ ended: true });
  t.strictSame(failures, []);
});
