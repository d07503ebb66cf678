/**
 * Calls in the words of the Polycom API. Fields are separated by colons, and names and numbers may contain colons themselves (ports, IPv6,
 * `sip:`), or be missing: so lines are read from the right. What is not understood is no call.
 */
import type { Call, CallState } from '../../protocol/schema/device.ts';

/** `gone`: the call with this id is over. */
export type CallNews = { readonly is: 'call'; readonly call: Call } | { readonly is: 'gone'; readonly id: string };

const STATES: Readonly<Record<string, CallState>> = {
  opened: 'dialling',
  ringing: 'ringing',
  connecting: 'connecting',
  connected: 'connected',
  disconnecting: 'disconnecting',
  // Words of the older feedback, `callstate`.
  allocated: 'dialling',
  bonding: 'connecting',
  complete: 'connected',
};
const OVER = ['disconnected', 'inactive'];

interface Fields {
  readonly id: string;
  readonly status: string;
  readonly direction: string;
  readonly middle: string;
  readonly speed: string;
  readonly type: string;
}

/** `callinfo:<id>:<name>:<number>:<speed>:<status>:<mute>:<direction>:<type>`, the name empty or missing on some versions. */
export function callinfo(text: string): CallNews | null {
  const parts = text.split(':');
  const [type, direction, , status, speed] = parts.slice(-5).reverse();
  const [keyword, id] = parts;
  if (keyword !== 'callinfo' || parts.length < 8) return null;
  return news({ id, status, direction, middle: parts.slice(2, -5).join(':'), speed, type });
}

/** `notification:callstatus:<direction>:<id>:<far name>:<far number>:<status>:<speed>:<cause>:<type>`. */
export function callstatus(text: string): CallNews | null {
  const parts = text.split(':');
  const [type, , speed, status] = parts.slice(-4).reverse();
  const [keyword, kind, direction, id] = parts;
  if (keyword !== 'notification' || kind !== 'callstatus' || parts.length < 9) return null;
  return news({ id, status, direction, middle: parts.slice(4, -4).join(':'), speed, type });
}

function news(fields: { readonly [Key in keyof Fields]: string | undefined }): CallNews | null {
  const { id = '', status = '', direction = '', middle = '', speed = '', type = '' } = fields;
  if (!/^\d{1,9}$/.test(id) || !/^\d{0,6}$/.test(speed)) return null;
  if (OVER.includes(status)) return { is: 'gone', id };
  const state = STATES[status];
  if (state === undefined || !/^[a-z]\w*$/i.test(type)) return null;
  const to = way(direction);
  const { name, number } = party(middle);
  return {
    is: 'call',
    call: {
      id,
      // A call from outside is not dialled here.
      state: to === 'in' && state === 'dialling' ? 'connecting' : state,
      direction: to,
      number,
      name,
      protocol: '',
      kbps: speed === '' ? null : Number(speed),
    },
  };
}

const way = (word: string): Call['direction'] => (word === 'incoming' ? 'in' : word === 'outgoing' ? 'out' : 'unknown');

const SCHEME = /^(?:(.*?):)?((?:sips?|h323|tel):.+)$/i;
/** The shortest name leaves the longest address. */
const IPV6 = /^(?:(.*?):)??(\[[0-9a-f:.]+\](?::\d+)?|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{1,15})$/i;
const WITH_PORT = /^(?:(.*):)?([^:]*[.@][^:]*:\d{1,5})$/;
const NAMED = /^(.*):([^:]*)$/;

/** Name and number, of which the first may be missing. */
function party(middle: string): { readonly name: string; readonly number: string } {
  if (/^:(?!:)/.test(middle)) return { name: '', number: middle.slice(1, 201) };
  const [, name, number] = SCHEME.exec(middle) ?? IPV6.exec(middle) ?? WITH_PORT.exec(middle) ?? NAMED.exec(middle) ?? ['', '', middle];
  return { name: (name ?? '').slice(0, 200), number: (number ?? '').slice(0, 200) };
}

/**
 * The older feedback of `callstate register` and `getcallstate`: `cs: call[34] chan[0] dialstr[10.0.0.9] state[RINGING]`,
 * `cs: call[1] inactive`, `active: call[34] speed [384]`, `cleared: call[34]`, `ended: call[34]`.
 */
export function callstate(text: string, known: readonly Call[]): CallNews | null {
  const [, keyword, id, rest = ''] = /^(cs|active|cleared|ended): ?call ?\[(\d{1,9})\](.*)$/.exec(text) ?? [];
  if (keyword === undefined || id === undefined) return null;
  const word = keyword === 'active' ? 'connected' : (/\bstate ?\[(\w+)\]/.exec(rest)?.[1] ?? rest.trim()).toLowerCase();
  if (keyword === 'cleared' || keyword === 'ended' || OVER.includes(word)) return { is: 'gone', id };
  const state = STATES[word];
  if (state === undefined) return null;
  const old = known.find((call) => call.id === id);
  const speed = /\bspeed ?\[(\d+)\]/.exec(rest)?.[1];
  const number = (/\bdialstr ?\[(?:IP:)?([^\] ]*)/.exec(rest)?.[1] ?? old?.number ?? '').slice(0, 200);
  const kbps = speed === undefined ? (old?.kbps ?? null) : Number(speed);
  return { is: 'call', call: { id, state, direction: old?.direction ?? 'unknown', number, name: old?.name ?? '', protocol: '', kbps } };
}

/** A call that rings before the device has told which one it is. */
const RINGING: Call = { id: 'incoming', state: 'ringing', direction: 'in', number: '', name: '', protocol: '', kbps: null };

/** `listen video ringing` names no call: one is made up until its name comes. */
export const withRinging = (calls: readonly Call[]): Call[] =>
  calls.some((call) => call.direction !== 'out' && call.state === 'ringing') ? [...calls] : [...calls, RINGING];

/** More calls at once than a report may hold are not of this world. */
const MOST = 16;

export function withNews(calls: readonly Call[], told: CallNews): Call[] {
  const id = told.is === 'gone' ? told.id : told.call.id;
  // A call that is named, or over, is the one that rang without a name.
  const nameless = told.is === 'gone' || told.call.direction === 'in';
  const others = calls.filter((call) => call.id !== id && !(nameless && call.id === RINGING.id));
  return told.is === 'gone' ? others : [...others, told.call].slice(-MOST);
}

/** While a call is set up the device wants to be left alone. */
export const inSetup = (calls: readonly Call[] | null): boolean =>
  calls?.some(({ state }) => state === 'dialling' || state === 'ringing' || state === 'connecting') ?? false;
