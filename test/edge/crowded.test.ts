/** When a fresh whole picture is due after narrow ways have left pictures out. */
import t from 'tap';
import { Crowded } from '../../edge/link/crowded.ts';

t.test('one way alone: when it has eased', async (t) => {
  const crowded = new Crowded();
  crowded.crowded('a');
  t.notOk(crowded.passes('a'));
  t.ok(crowded.eased('a', ['a']));
  t.ok(crowded.passes('a'));
});

t.test('another way has brought everything: nothing is due', async (t) => {
  const crowded = new Crowded();
  crowded.crowded('a');
  t.notOk(crowded.eased('a', ['a', 'b']));
});

t.test('both have left something out, one after the other: one fresh picture heals it', async (t) => {
  const crowded = new Crowded();
  crowded.crowded('a');
  t.notOk(crowded.eased('a', ['a', 'b']));
  crowded.crowded('b');
  t.ok(crowded.eased('b', ['a', 'b']), 'a has not been whole since');
  crowded.crowded('a');
  t.notOk(crowded.eased('a', ['a', 'b']), 'b has');
});

t.test('both at once: the first that eases brings one, and the other another only if that one was lost', async (t) => {
  const crowded = new Crowded();
  crowded.crowded('a');
  crowded.crowded('b');
  t.ok(crowded.eased('a', ['a', 'b']));
  t.notOk(crowded.eased('b', ['a', 'b']), 'it came over a');
  crowded.crowded('b');
  t.notOk(crowded.eased('b', ['a', 'b']));
  crowded.crowded('a');
  crowded.crowded('b');
  t.ok(crowded.eased('a', ['a', 'b']));
  crowded.crowded('a');
  t.ok(crowded.eased('b', ['a', 'b']), 'a had no room for it');
});

t.test('a way that is gone counts for nothing', async (t) => {
  const crowded = new Crowded();
  crowded.crowded('a');
  crowded.crowded('b');
  crowded.away('b');
  t.ok(crowded.passes('b'), 'should it come back it comes back empty');
  t.ok(crowded.eased('a', ['a']));
});

t.test('a way that was silent for a while and is heard again brings a fresh picture when its queue has eased', async (t) => {
  const crowded = new Crowded();
  crowded.crowded('a');
  crowded.away('a');
  t.ok(crowded.eased('a', ['a']));
});
