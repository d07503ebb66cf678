/** What a Polycom tells by itself, or in an answer, about its state. Pure: a line and what is known make what is known now. */
import type { DeviceInfo, DeviceState } from '../../protocol/schema/device.ts';
import { callstate, callstatus, withNews, withRinging } from './calls.ts';
import { introduction } from './codec.ts';

/** `volume range` of the API. */
export const VOLUME_MAX = 50;

/** Null: the line says nothing of the state, or nothing that is understood. */
export function newsIn(text: string, known: DeviceState): Partial<DeviceState> | null {
  return callNews(text, known) ?? mute(text) ?? volume(text) ?? content(text) ?? sleep(text) ?? camera(text) ?? dnd(text);
}

/** Told by the device of its own accord, whatever was asked. */
export const isNews = (text: string): boolean =>
  /^(?:notification:|Control event:|listen |cs:|active:|cleared:|ended:|dialstr\[)/.test(text);

function callNews(text: string, { calls }: DeviceState): Partial<DeviceState> | null {
  const news = callstatus(text) ?? callstate(text, calls ?? []);
  if (news !== null) return { calls: withNews(calls ?? [], news) };
  if (text === 'listen video ringing') return { calls: withRinging(calls ?? []) };
  return null;
}

function mute(text: string): Partial<DeviceState> | null {
  const [, plain, noted] = /^(?:mute near (on|off)|notification:mutestatus:near:.*:(muted|notmuted))$/.exec(text) ?? [];
  if (plain !== undefined) return { micMuted: plain === 'on' };
  return noted === undefined ? null : { micMuted: noted === 'muted' };
}

export function volume(text: string): Partial<DeviceState> | null {
  const level = Number(/^volume (\d{1,2})$/.exec(text)?.[1] ?? Number.NaN);
  return level <= VOLUME_MAX ? { volume: level / VOLUME_MAX } : null;
}

/** Some versions leave `Control event:` away. */
function content(text: string): Partial<DeviceState> | null {
  const word = /^(?:Control event: )?vcbutton (?:get )?(play|stop|farplay|farstop)$/.exec(text)?.[1];
  if (word === undefined) return null;
  return { presentation: word === 'play' ? 'sending' : word === 'farplay' ? 'receiving' : 'off' };
}

function sleep(text: string): Partial<DeviceState> | null {
  if (text === 'listen going to sleep') return { power: 'off' };
  return text === 'listen waking up' ? { power: 'on' } : null;
}

/** The near camera that is the picture of the people; content is another matter. -1: none. */
function camera(text: string): Partial<DeviceState> | null {
  const chosen = /^(?:camera near (?:source )?|notification:vidsourcechange:near:)(-1|\d)(?:$|:.*:people$)/.exec(text)?.[1];
  if (chosen === undefined) return null;
  return { input: chosen === '-1' ? null : chosen };
}

function dnd(text: string): Partial<DeviceState> | null {
  const word = /^autoanswer (yes|no|donotdisturb)$/.exec(text)?.[1];
  return word === undefined ? null : { dnd: word === 'donotdisturb' };
}

/** What the block at the beginning of a session says of the device itself. */
export function identityIn(text: string): Partial<DeviceInfo> | null {
  const said = introduction(text);
  if (said === null) {
    const model = /^systemsetting model "?([^"]{1,100}?)"?$/.exec(text)?.[1];
    return model === undefined ? null : { model };
  }
  const value = said.value.slice(0, 200);
  switch (said.key) {
    case 'Model':
      return { make: 'Polycom', model: value };
    case 'Serial Number':
      return { make: 'Polycom', serial: value };
    case 'Software Version':
      return { make: 'Polycom', firmware: value };
    default:
      return null;
  }
}
