/** Guessing is slowed down: pure, by counts and monotonic milliseconds. */
import t from 'tap';
import { Throttle, type ThrottlePolicy, waitAfter } from '../../protocol/throttle.ts';

const policy: ThrottlePolicy = { free: 5, firstMs: 1_000, maxMs: 60_000, forgetMs: 900_000 };

t.test('each further failure doubles the wait, up to a bound', async (t) => {
  const waits = [0, 4, 5, 6, 7, 8, 12, 40].map((failures) => waitAfter(policy, failures));
  t.strictSame(waits, [0, 0, 1_000, 2_000, 4_000, 8_000, 60_000, 60_000]);
});

t.test('a throttle counts per key, forgives, forgets and stays small', async (t) => {
  const throttle = new Throttle(policy, 2);
  for (let i = 0; i < 5; i++) throttle.attempt('a', 0);
  t.equal(throttle.wait('a', 0), 1_000);
  t.equal(throttle.wait('a', 400), 600);
  t.equal(throttle.wait('b', 0), 0);
  throttle.undo('a');
  t.equal(throttle.wait('a', 0), 0);
  throttle.attempt('a', 0);
  t.equal(throttle.wait('a', policy.forgetMs), 0);
  throttle.attempt('b', 1);
  throttle.attempt('c', 2);
  t.equal(throttle.wait('a', 3), 0, 'the oldest was dropped');
  throttle.attempt('c', 3);
  throttle.forgive('c');
  t.equal(throttle.wait('c', 3), 0);
});
