/** What can happen at a simulated codec without its line: a call comes in, the far end leaves, somebody presses a key on the wall panel. */
import { DND, MIC, type News, PRESENTATION, type SimulatedCodec, standbyPath, VOLUME } from './simulated-codec.ts';

type Happening = (codec: SimulatedCodec, said: string, era: 'tc' | 'ce') => readonly News[];

const farEnd =
  (will: SimulatedCodec['farEnd']): Happening =>
  (codec) => {
    codec.farEnd = will;
    return [];
  };

/** By the words that begin it; the rest is `said`. */
const happenings: readonly (readonly [string, Happening])[] = [
  ['incoming', (codec, number) => codec.incoming(number === '' ? '2001' : number)],
  /** Whom we have called picks up. */
  [
    'answer',
    (codec) => codec.calls.filter(({ incoming, status }) => !incoming && status === 'Ringing').flatMap((call) => codec.connect(call)),
  ],
  ['hang-up', (codec) => codec.calls.flatMap((call) => codec.end(call, 'RemoteDisconnect'))],
  /** What the next ones that are called do. */
  ['far end answers', farEnd('answers')],
  ['far end rings', farEnd('rings')],
  ['far end busy', farEnd('busy')],
  ['far end presents', (codec) => codec.set(PRESENTATION, 'Receiving')],
  ['far end stops presenting', (codec) => codec.set(PRESENTATION, 'Off')],
  ['front-panel mute', (codec) => codec.set(MIC, 'On')],
  ['front-panel unmute', (codec) => codec.set(MIC, 'Off')],
  ['front-panel volume', (codec, level) => codec.set(VOLUME, String(Math.min(100, Math.max(0, Math.round(Number(level)) || 0))))],
  ['front-panel standby', (codec, _said, era) => codec.set(standbyPath(era), era === 'tc' ? 'On' : 'Standby')],
  ['front-panel wake', (codec, _said, era) => codec.set(standbyPath(era), 'Off')],
  ['front-panel do-not-disturb', (codec) => codec.set(DND, codec.value(DND) === 'Active' ? 'Inactive' : 'Active')],
  ['front-panel dial', (codec, number) => codec.dial(number === '' ? '2002' : number, 'sip', 1920)?.news ?? []],
];

export const happeningNames: readonly string[] = happenings.map(([words]) => words);

/** Null: no such thing is known. */
export function happened(codec: SimulatedCodec, what: string, era: 'tc' | 'ce'): readonly News[] | null {
  const found = happenings.find(([words]) => what === words || what.startsWith(`${words} `));
  return found === undefined ? null : found[1](codec, what.slice(found[0].length).trim(), era);
}
