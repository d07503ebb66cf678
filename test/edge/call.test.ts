/** When the picture of a codec is shown, and when the far end is called again: told step by step, without a codec. */
import t from 'tap';
import {
  asked,
  awayText,
  type CallLife,
  type CallView,
  called,
  due,
  freshCall,
  looked,
  ordered,
  RETURN_MS,
  refused,
  TRIES_MAX,
} from '../../edge/devices/call.ts';
import type { Call } from '../../protocol/schema/device.ts';

const call: Call = { id: '1', state: 'connected', direction: 'out', number: 'sip:2001', name: '', protocol: 'sip', kbps: 1920 };
const party = { address: 'sip:2001', protocol: 'sip', kbps: 1920 } as const;

const view = (at: number, more: Partial<CallView> = {}): CallView => ({
  scene: 'on',
  link: 'ok',
  because: 'answers',
  state: { calls: [], power: 'on' },
  delivers: true,
  returns: 'auto',
  at,
  ...more,
});
const inCall = (at: number, more: Partial<CallView> = {}): CallView => view(at, { state: { calls: [call], power: 'on' }, ...more });
const text = (life: CallLife): string | null => awayText(life, 'C40', 'auto');

t.test('a codec that was in no call is the picture whatever it does', async (t) => {
  for (const each of [view(0), view(0, { link: 'disconnected' }), view(0, { state: { calls: null, power: 'off' } })])
    t.equal(looked(freshCall, each).away, null);
  t.equal(looked(looked(freshCall, inCall(0, { scene: 'off' })), view(1, { scene: 'off' })).away, null, 'nor between meetings');
});

t.test('what ends the picture of a call, in words', async (t) => {
  const standing = looked(freshCall, inCall(0));
  t.strictSame(standing.party, party);
  t.equal(text(standing), null);
  const table: readonly (readonly [string, Partial<CallView>, string | null])[] = [
    ['the call is over', {}, 'C40 is in no call any more'],
    ['it is held', { state: { calls: [{ ...call, state: 'held' }], power: 'on' } }, null],
    [
      'the line fell silent',
      { link: 'disconnected', because: 'device.silent', state: { calls: null, power: null } },
      'line to C40 lost: device.silent',
    ],
    ['it fell asleep', { state: { calls: [], power: 'off' } }, 'C40 is off or asleep, and its call is over'],
    ['it does not tell', { state: { calls: null, power: 'on' } }, null],
  ];
  for (const [name, more, words] of table) t.equal(text(looked(standing, view(1000, more))), words, name);
  t.strictSame(looked(looked(standing, view(1000)), view(2000, { scene: 'off' })).away, null, 'the meeting is over');
});

t.test('the far end is called again after longer and longer pauses, never while a call is set up, and not for ever', async (t) => {
  let life = looked(looked(freshCall, inCall(0)), view(1000));
  t.equal(due(life, view(5999)), null);
  t.strictSame(due(life, view(6000)), party);
  t.equal(due(life, view(6000, { link: 'disconnected' })), null, 'without a line');
  t.equal(due(life, view(6000, { state: { calls: [{ ...call, state: 'ringing' }], power: 'on' } })), null, 'while it rings');
  const waits: number[] = [];
  for (let at = 6000; life.nextAt !== null; at = life.nextAt ?? 0) {
    life = called(life, at);
    if (life.nextAt !== null) waits.push(life.nextAt - at);
  }
  t.strictSame(waits.slice(0, 5), [10_000, 20_000, 40_000, 60_000, 60_000]);
  t.equal(life.tries, TRIES_MAX);
  t.equal(looked(life, view(1e9)).nextAt, null, 'it has given up');
  t.strictSame(due(ordered(life, 'redial', 1e9), view(1e9)), party, 'until a person wants it');
  const stopped = looked(ordered(looked(looked(freshCall, inCall(0)), view(1000)), 'stop-redial', 2000), view(3000));
  t.equal(stopped.nextAt, null, 'a person can stop it');
});

t.test('a call that stands again returns by rule when its picture comes for a while, or waits for a person', async (t) => {
  const lost = looked(looked(freshCall, inCall(0)), view(1000));
  const back = looked(lost, inCall(10_000));
  t.equal(text(back), 'C40 is in a call again');
  t.equal(back.nextAt, null, 'nobody is called while a call stands');
  t.equal(text(looked(back, inCall(10_000 + RETURN_MS - 1))), 'C40 is in a call again');
  t.equal(text(looked(back, inCall(10_000 + RETURN_MS))), null);
  const dark = looked(back, inCall(11_000, { delivers: false }));
  t.match(text(dark), /no picture comes from it yet/);
  t.match(text(looked(looked(dark, inCall(12_000)), inCall(12_000 + RETURN_MS - 1))), /again/, 'the time begins anew');
  const again = looked(back, view(11_000));
  t.equal(text(again), 'C40 is in no call any more');
  t.equal(again.nextAt, 16_000, 'and is called again');
  const operator = { returns: 'operator' } as const;
  const waiting = looked(looked(lost, inCall(10_000, operator)), inCall(1e6, operator));
  t.equal(awayText(waiting, 'C40', 'operator'), 'C40 is in a call again and waits for an operator');
  t.equal(looked(ordered(waiting, 'return', 1e6), inCall(1e6, operator)).away, null);
  t.equal(looked(ordered(lost, 'return', 2000), view(3000)).away, null, 'a person may want it without a call');
});

t.test('a hang-up that was asked for here is meant: nobody is called again', async (t) => {
  const standing = looked(freshCall, inCall(0));
  const ending = asked(standing, { do: 'hangup', call: null });
  const over = looked(looked(ending, inCall(100)), view(200));
  t.equal(text(over), 'C40 has hung up, as it was asked to');
  t.equal(over.nextAt, null);
  t.not(looked(refused(ending, standing), view(200)).nextAt, null, 'one that was refused is no hang-up');
  const next = looked(looked(over, inCall(300)), view(400));
  t.equal(text(next), 'C40 is in no call any more', 'the next call has not been hung up by us');
  t.not(next.nextAt, null);
  const dialled = asked(freshCall, { do: 'dial', address: '2001', protocol: 'h323', kbps: 512 });
  t.strictSame(looked(dialled, inCall(1)).party, { address: '2001', protocol: 'h323', kbps: 512 }, 'as a person has dialled it');
});
