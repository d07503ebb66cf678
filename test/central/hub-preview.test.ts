/** What viewers of previews are told while there is no picture, and how many single sites can be watched. */
import t from 'tap';
import { Preview, repeatMs } from '../../central/hub/preview/service.ts';
import { maxSingles, Singles } from '../../central/hub/preview/singles.ts';
import type { PreviewNote } from '../../protocol/api.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { clock } from '../support/hub.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { plan as makePlan } from '../support/plan.ts';

t.test('who has no picture is told why, and told again as long as it is so', async (t) => {
  const time = new ManualClock();
  const [plan, single] = [makePlan({ sites: 2 }), { ask: () => {}, changed: () => {}, log: silentLog(), clock: time }];
  const preview = new Preview({ ...single, plan, hub: plan.hubs[0]!, subject: { is: 'program' } });
  t.teardown(() => preview.stop());
  const said: string[] = [];
  const viewer = {
    text: (note: PreviewNote) => void said.push(note.type === 'waiting' ? note.because : note.type),
    binary: () => {},
    buffered: () => 0,
    close: () => {},
  };
  preview.add(viewer);
  time.advance(2 * repeatMs);
  t.strictSame(said, ['Chưa có ai phát biểu', 'Chưa có ai phát biểu', 'Chưa có ai phát biểu']);
  preview.apply({ ...plan, grant: { ...plan.grant, n: 1, slots: ['site-1'] } });
  time.advance(repeatMs);
  t.equal(said.at(-1), 'Đang chờ hình', 'somebody has the floor meanwhile');
  preview.remove(viewer);
  time.advance(2 * repeatMs);
  t.equal(said.length, 4, 'who has gone is told nothing');
});

t.test('few single sites at a time: one more is told so and sent away, and has its turn when a viewer leaves', async (t) => {
  const plan = makePlan({ sites: maxSingles + 1 });
  const singles = new Singles({ clock, log: silentLog(), plan, hub: plan.hubs[0]!, changed: () => {}, ask: () => {} });
  t.teardown(() => singles.stop());
  const comes = (name: string) => {
    const [said, closed]: [string[], number[]] = [[], []];
    const at = singles.at(name)!;
    const viewer = {
      text: (note: PreviewNote) => void said.push(note.type === 'waiting' ? note.because : note.type),
      binary: () => {},
      buffered: () => 0,
      close: (code: number) => void closed.push(code),
    };
    at.add(viewer);
    return { said, closed, leave: () => at.remove(viewer) };
  };
  const names = plan.sites.map((each) => each.site);
  const [first, ...others] = names.slice(0, maxSingles).map(comes);
  const last = names.at(-1)!;
  t.strictSame([first!.said, first!.closed], [['Đang chờ hình'], []]);
  const refused = comes(last);
  t.strictSame([refused.said, refused.closed], [['Đang mở quá nhiều hình xem riêng'], [1013]]);
  t.strictSame(comes(names[1]!).closed, [], 'a site that is shown already takes one more viewer');
  first!.leave();
  const now = comes(last);
  t.strictSame([now.said, now.closed], [['Đang chờ hình'], []], 'what only waits for its viewer to come back makes room');
  t.strictSame(singles.sites, names.slice(1));
  t.equal(singles.at('site-99'), undefined);
  singles.apply({ ...plan, sites: plan.sites.slice(0, -1) });
  t.equal(now.said.at(-1), 'Đang chờ hình', 'nothing was shown that could end');
  t.equal(singles.at(last), undefined, 'it has left the meeting');
  for (const each of [...others, now]) each.leave();
  await singles.stop();
  t.strictSame([singles.sites, singles.pids], [[], []]);
});
