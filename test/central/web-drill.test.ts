/** The pages of drills in a real Chromium against a stand-in of central: ordering one, with consent where it needs that, reading and signing its report. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { FakeCentral, fakePassword } from '../support/fake-central.ts';
import { fakeDrillId } from '../support/fake-drill.ts';
import { meetingId } from '../support/fake-province.ts';
import { audit, buildPage, openBrowser, visit } from '../support/page.ts';
import { tempFolder } from '../support/temp-folder.ts';

// A browser on a busy machine: a guard against hanging, not a limit on speed.
t.setTimeout(240_000);
const web = tempFolder(t);
await buildPage(web);
const browser = await openBrowser();
t.teardown(() => browser.close());

t.test('an operator orders a drill, reads what the rooms saw, and signs it; a visitor only reads', async (t) => {
  const central = new FakeCentral(web, { scale: 0.25 });
  const base = await central.start();
  t.teardown(() => central.stop());
  const { page, errors } = await visit(browser, { base, user: { name: 'thu-ky', password: fakePassword }, hash: '#/drills' });
  t.teardown(() => page.context().close());
  const said = (path: string): Promise<unknown> =>
    eventually(() => (central.seen.some((each) => each.path === path) ? undefined : 'nothing was sent')).then(
      () => central.seen.findLast((each) => each.path === path)?.body,
    );
  await page.waitForSelector(`[data-drill=${fakeDrillId}]`);
  t.equal(await page.locator('nav a[aria-current=page]').textContent(), 'Diễn tập');
  await page.click('[data-act=new-drill]');
  await page.waitForSelector('[name=fault-hub]');
  t.strictSame(await audit(page), []);
  await page.click('[data-act=start-drill]');
  await page.waitForSelector('[role=alert]:has-text("Chọn ít nhất hai điểm cầu.")');
  await page.selectOption('[name=meeting]', meetingId);
  await page.click('[data-act=start-drill]');
  await page.waitForSelector('[role=alert]:has-text("Ghi tên người chủ trì")');
  t.notOk(
    central.seen.some(({ path }) => path === '/drills'),
    'nothing is sent before it is whole',
  );
  await page.fill('[name=by]', 'Chủ tịch');
  await page.fill('[name=how]', 'điện thoại');
  await page.check('[name=fault-hub]');
  await page.selectOption('[name=target]', 'tan-chau');
  await page.click('[data-act=start-drill]');
  t.match(await said('/drills'), {
    faults: ['worker', 'hub'],
    targets: ['tan-chau'],
    meeting: meetingId,
    consent: { by: 'Chủ tịch', how: 'điện thoại' },
  });

  await page.waitForSelector('[data-fault=hub][data-state=failed]');
  t.match(page.url(), new RegExp(`#/drill/${fakeDrillId}$`));
  const hub = ((await page.textContent('[data-fault=hub]')) ?? '').replace(/\s+/g, ' ');
  t.match(hub, /Cả máy chủ hình.*Không đạt.*Lưới hình ngắt.*710 ms.*≤ 500 ms.*không đo được/);
  t.match(await page.textContent('[data-fault=path] .because'), 'không có đường truyền thứ hai');
  t.strictSame(await audit(page), []);
  await page.fill('[name=name]', 'Lê Thị Bình');
  await page.fill('[name=remark]', 'Đã xem');
  await page.click('[data-act=sign]');
  t.strictSame(await said(`/drills/${fakeDrillId}/sign-off`), { name: 'Lê Thị Bình', remark: 'Đã xem' });
  t.strictSame(errors, []);

  const { page: visitor } = await visit(browser, {
    base,
    user: { name: 'khach', password: fakePassword },
    hash: `#/drill/${fakeDrillId}`,
    language: 'en',
  });
  t.teardown(() => visitor.context().close());
  await visitor.waitForSelector('[data-fault=hub]');
  t.equal(await visitor.locator('[data-act=sign], [data-act=abort-drill]').count(), 0);
  t.match(await visitor.textContent('h1'), /^Failover drill/);
  t.strictSame(await audit(visitor), []);
});
