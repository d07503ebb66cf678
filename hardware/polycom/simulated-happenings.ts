/** What may happen at a simulated Polycom or at the far end, by the words that make it happen. */
import type { Room } from './simulated-room.ts';

type Happening = readonly [pattern: RegExp, run: (room: Room, found: readonly (string | undefined)[]) => void];

const happenings: readonly Happening[] = [
  [/^incoming (\S+)(?: (.+))?$/, (room, [number = '', name = '']) => room.incoming(number, name)],
  [/^far answers$/, (room) => ringing(room, 'outgoing').forEach((id) => void room.connect(id))],
  [/^far (?:is )?busy$/, (room) => room.end(ringing(room, 'outgoing'), 0)],
  [/^far slow$/, (room) => room.farIsSlow(true)],
  [/^far quick$/, (room) => room.farIsSlow(false)],
  [/^(?:far )?hang-up$/, (room) => room.end(all(room), 0)],
  [/^(?:far )?hang-up (\d+)$/, (room, [id]) => room.end([Number(id)], 0)],
  [/^far (mute|unmute)$/, (room, [how]) => room.muteFar(how === 'mute')],
  [/^far presentation$/, (room) => room.present('far')],
  [/^far presentation stop$/, (room) => room.present(null)],
  [/^front-panel (mute|unmute)$/, (room, [how]) => room.mute(how === 'mute')],
  [/^front-panel volume (\d+)$/, (room, [level]) => room.loud(Number(level))],
  [/^front-panel (sleep|wake)$/, (room, [how]) => room.sleep(how === 'sleep')],
  [/^front-panel dial (\S+)$/, (room, [number = '']) => void room.dial(number, '', 384, 'videocall')],
  [/^front-panel answer$/, (room) => ringing(room, 'incoming').forEach((id) => void room.connect(id))],
  [/^front-panel hang-up$/, (room) => room.end(all(room), 0)],
  [/^front-panel presentation (\d)$/, (room, [source]) => room.present(Number(source))],
  [/^front-panel presentation stop$/, (room) => room.present(null)],
  [/^front-panel input ([1-6])$/, (room, [input]) => room.select(Number(input))],
  [/^sip (on|off)$/, (room, [how]) => room.allowSip(how === 'on')],
];

const all = ({ calls }: Room): number[] => calls.map(({ id }) => id);
const ringing = ({ calls }: Room, which: 'incoming' | 'outgoing'): number[] =>
  calls.filter(({ status, direction }) => status === 'ringing' && direction === which).map(({ id }) => id);

/** @returns false when there is no such happening. */
export function happened(room: Room, what: string): boolean {
  for (const [pattern, run] of happenings) {
    const found = pattern.exec(what);
    if (found === null) continue;
    run(room, found.slice(1));
    return true;
  }
  return false;
}

export const happeningNames: readonly string[] = happenings.map(([pattern]) => pattern.source.replace(/[\^$\\]/g, ''));
