/**
 * The call that a codec's picture comes from: whether that picture may be shown, and when the far end is called again. Pure. Once a call has stood
 * while the room meets, the codec without a call shows its menu, and asleep or out of reach it may show anything: its picture is away until a call
 * stands again. A hang-up that was asked for here is meant; any other is not, for nobody can tell who pressed a button of its remote control.
 */
import type { Call, DeviceAct, DeviceState, LinkState } from '../../protocol/schema/device.ts';
import type { PictureOrder, RoomScene } from '../../protocol/schema/devices.ts';

type Dial = Extract<DeviceAct, { do: 'dial' }>;
/** Whom it was in a call with, and how. */
export type Party = Omit<Dial, 'do'>;

export interface CallView {
  readonly scene: RoomScene;
  readonly link: LinkState;
  /** Of the link. */
  readonly because: string;
  readonly state: Pick<DeviceState, 'calls' | 'power'>;
  /** Whether its capture delivers a picture. */
  readonly delivers: boolean;
  readonly returns: 'auto' | 'operator';
  /** Monotonic ms. */
  readonly at: number;
}

export interface Away {
  /** Monotonic ms. */
  readonly since: number;
  /** `back`: a call stands again, and the picture waits for its return. */
  readonly why: 'no-call' | 'hung-up' | 'asleep' | 'line' | 'back';
  /** Of a line. */
  readonly because: string;
  /** Since when a call stands and the picture delivers; null: not now. */
  readonly wellSince: number | null;
}

export interface CallLife {
  /** Null: no call has stood since the room began to meet, and whatever the codec shows is its picture. */
  readonly party: Party | null;
  /** What was dialled last from here: as people write it, which the codec need not repeat. */
  readonly dialled: Party | null;
  /** Why its picture is not to be shown; null: it is. */
  readonly away: Away | null;
  /** The next hang-up is meant. */
  readonly meant: boolean;
  /** Calls that the box has made since it was away. */
  readonly tries: number;
  /** When it calls again, monotonic; null: it does not. */
  readonly nextAt: number | null;
}

export const freshCall: CallLife = { party: null, dialled: null, away: null, meant: false, tries: 0, nextAt: null };

/** Before the first, second… call; the last repeats. */
const WAITS_MS = [5000, 10_000, 20_000, 40_000, 60_000] as const;
/** About half an hour; then a person has to want it. */
export const TRIES_MAX = 30;
/** A call that stands, and a picture that comes, for so long are shown by rule. */
export const RETURN_MS = 3000;

const waitMs = (tries: number): number => WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 0;

const stands = ({ state }: Call): boolean => state === 'connected' || state === 'held';

/** @returns the call that stands, `none`, or null: it is not known. */
function callOf({ link, state: { calls } }: CallView): Call | 'none' | null {
  if (link !== 'ok' || calls === null) return null;
  return calls.find(stands) ?? 'none';
}

/** Another look at the codec. */
export function looked(life: CallLife, view: CallView): CallLife {
  if (view.scene !== 'on') return { ...freshCall, dialled: life.dialled };
  const call = callOf(view);
  if (call !== null && call !== 'none') return standing(life, call, view);
  if (life.party === null) return life;
  const why = reason(life, call, view);
  if (why === null) return life;
  const { since = view.at } = life.away ?? {};
  const begins = life.away === null || life.away.why === 'back';
  const nextAt = why === 'hung-up' || life.tries >= TRIES_MAX ? null : begins ? view.at + waitMs(life.tries) : life.nextAt;
  return { ...life, away: { since, why, because: why === 'line' ? view.because : '', wellSince: null }, nextAt };
}

function reason(life: CallLife, call: 'none' | null, { link, state: { power } }: CallView): Away['why'] | null {
  if (life.meant && (call === 'none' || life.away?.why === 'hung-up')) return 'hung-up';
  if (link !== 'ok') return 'line';
  if (power === 'off' || power === 'cooling') return 'asleep';
  return call === 'none' ? 'no-call' : null;
}

function standing(life: CallLife, call: Call, { at, delivers, returns }: CallView): CallLife {
  const party = partyOf(call, life.dialled);
  if (life.away === null) return { ...life, party, nextAt: null, tries: 0 };
  const wellSince = delivers ? (life.away.wellSince ?? at) : null;
  if (returns === 'auto' && wellSince !== null && at - wellSince >= RETURN_MS)
    return { ...life, party, away: null, meant: false, nextAt: null, tries: 0 };
  // Another call than the one that was hung up: nobody has asked for the end of this one.
  const meant = life.away.why === 'hung-up' ? false : life.meant;
  return { ...life, party, meant, away: { ...life.away, why: 'back', because: '', wellSince }, nextAt: null };
}

const bare = (address: string): string => address.replace(/^(?:sips?|h323|spark):/i, '').toLowerCase();

/** As it was dialled here, if that was this call; else as the codec tells it. */
function partyOf({ direction, number, protocol, kbps }: Call, dialled: Party | null): Party | null {
  if (direction !== 'in' && dialled !== null && (number === '' || bare(number) === bare(dialled.address))) return dialled;
  // A codec that does not tell the number can be in a call all the same: there is just nobody to call again.
  return {
    address: number,
    protocol: protocol === 'sip' || protocol === 'h323' ? protocol : 'auto',
    kbps: kbps !== null && kbps >= 64 && kbps <= 6000 ? kbps : null,
  };
}

/** Whom to call now; null: nobody. Not while the line is gone or another call is being set up. */
export function due(life: CallLife, { link, state: { calls }, at }: CallView): Party | null {
  const { party, nextAt, away } = life;
  if (away === null || party === null || party.address === '' || nextAt === null || at < nextAt) return null;
  return link === 'ok' && calls !== null && calls.length === 0 ? party : null;
}

/** It calls now. */
export const called = (life: CallLife, at: number): CallLife => {
  const tries = life.tries + 1;
  return { ...life, tries, nextAt: tries >= TRIES_MAX ? null : at + waitMs(tries) };
};

/** A person asks for this. */
export function asked(life: CallLife, act: DeviceAct): CallLife {
  switch (act.do) {
    case 'dial':
      return { ...life, dialled: { address: act.address, protocol: act.protocol, kbps: act.kbps }, meant: false };
    case 'hangup':
      return { ...life, meant: true, nextAt: null };
    case 'power':
      return act.on ? life : { ...life, meant: true, nextAt: null };
    default:
      return life;
  }
}

/** What was asked for was refused: it is as if nobody had asked. */
export const refused = (life: CallLife, { dialled, meant, nextAt }: CallLife): CallLife => ({ ...life, dialled, meant, nextAt });

/** What a person decides about the picture. A person's return holds until the next loss, whatever the codec does now. */
export function ordered(life: CallLife, order: PictureOrder, at: number): CallLife {
  switch (order) {
    case 'return':
      // Without a call there is nothing left to lose: what the codec shows is wanted as it is, until another call stands.
      return { ...freshCall, dialled: life.dialled };
    case 'redial':
      return life.away === null ? life : { ...life, meant: false, tries: 0, nextAt: at };
    case 'stop-redial':
      return { ...life, nextAt: null };
    default:
      return order satisfies never;
  }
}

/** Why the picture is away, of a codec called `name`; null: it is not. */
export function awayText({ away }: CallLife, name: string, returns: CallView['returns']): string | null {
  if (away === null) return null;
  switch (away.why) {
    case 'back':
      if (away.wellSince === null) return `${name} is in a call again, and no picture comes from it yet`;
      return returns === 'auto' ? `${name} is in a call again` : `${name} is in a call again and waits for an operator`;
    case 'hung-up':
      return `${name} has hung up, as it was asked to`;
    case 'line':
      return `line to ${name} lost: ${away.because}`;
    case 'asleep':
      return `${name} is off or asleep, and its call is over`;
    case 'no-call':
      return `${name} is in no call any more`;
    default:
      return away.why satisfies never;
  }
}
