/** What can be asked of a Polycom, and in which words. */
import { FaultError } from '../../protocol/fault.ts';
import type { Call, Capability, DeviceAct } from '../../protocol/schema/device.ts';
import type { Answer } from '../wire/exchange.ts';
import type { Did, Talk } from '../wire/protocol.ts';
import { type Asked, answer, type Channel, exactly } from './channel.ts';
import { type Line, plain, quoted, refusalIn } from './codec.ts';
import { isNews, newsIn, VOLUME_MAX, volume } from './news.ts';

const CAMERAS = ['1', '2', '3', '4', '5', '6'];
const LAYOUTS = ['auto', 'discussion', 'presentation', 'fullscreen'];
const PRESETS = Array.from({ length: 100 }, (_, slot) => String(slot));

const signed = { type: 'number', min: -1, max: 1 } as const;

export const capabilities: readonly Capability[] = [
  { id: 'power', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'dial', feedback: 'push', ack: 'accepted', params: { address: { type: 'text', maxLength: 200 } } },
  { id: 'answer', feedback: 'push', ack: 'completed', params: {} },
  { id: 'reject', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'hangup', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'dtmf', feedback: 'none', ack: 'accepted', params: {} },
  { id: 'micMute', feedback: 'push', ack: 'completed', params: {} },
  { id: 'volume', feedback: 'push', ack: 'completed', params: { level: { type: 'number', min: 0, max: 1 } } },
  { id: 'move', feedback: 'none', ack: 'none', params: { pan: signed, tilt: signed, zoom: signed } },
  { id: 'presetRecall', feedback: 'none', ack: 'accepted', params: { preset: { type: 'choice', of: PRESETS } } },
  { id: 'presetStore', feedback: 'none', ack: 'accepted', params: { preset: { type: 'choice', of: PRESETS } } },
  { id: 'input', feedback: 'push', ack: 'completed', params: { input: { type: 'choice', of: CAMERAS } } },
  { id: 'layout', feedback: 'none', ack: 'accepted', params: { layout: { type: 'choice', of: LAYOUTS } } },
  { id: 'presentation', feedback: 'push', ack: 'completed', params: { source: { type: 'choice', of: CAMERAS } } },
  { id: 'dnd', feedback: 'poll', ack: 'completed', params: {} },
  { id: 'reboot', feedback: 'none', ack: 'none', params: {} },
  { id: 'raw', feedback: 'none', ack: 'accepted', params: { text: { type: 'text', maxLength: 500 } } },
];

/** A session as acts see it. */
export interface Session {
  readonly channel: Channel;
  readonly talk: Talk<Line>;
  /** Asks which calls there are now; null: it cannot be told. */
  readonly calls: () => Promise<readonly Call[] | null>;
  /** Moves the near camera until it is stopped: left, zoom+… */
  readonly move: (direction: string) => Promise<void>;
  /** What `autoanswer` was before it became "do not disturb". */
  readonly autoanswer: () => string;
}

const QUIET_MS = 1000;
/** Addresses of the other kinds are numbers of H.323. */
const isSip = (address: string): boolean => /^sips?:|@/i.test(address);

export async function perform(session: Session, act: DeviceAct): Promise<Did> {
  const { channel, talk } = session;
  const ask = <R>(asked: Asked<R>): Promise<R> => channel.ask(talk, asked);
  /** Commands that are answered by themselves, and may be sent twice. */
  const repeated = (command: string, key: string) => ask({ command, match: exactly(command), twice: true, key });

  switch (act.do) {
    case 'power':
      await repeated(act.on ? 'wake' : 'sleep', 'power');
      talk.tell({ power: act.on ? 'on' : 'off' });
      return 'accepted';
    case 'dial':
      if (plain(act.address) === '') throw new FaultError({ code: 'conflict', what: 'dial', reason: 'there is no address' });
      await guardDial(session);
      await ask({ command: dialCommand(act), match: begins('dialing ') });
      return 'accepted';
    case 'answer':
      return ask<Did>({
        command: 'answer video',
        match: (text) => (text.endsWith('incoming video call passed') ? answer('completed') : null),
      });
    case 'reject':
      return hangup(session, ringing(talk.state().calls ?? [], act.call));
    case 'hangup':
      return hangup(session, act.call);
    case 'dtmf':
      // Whether these are answered is not documented: any answer will do, and none.
      for (const digit of act.digits)
        await ask({ command: `gendial ${digit}`, match: exactly(`gendial ${digit}`), timeoutMs: QUIET_MS, silence: { value: true } });
      return 'accepted';
    case 'micMute':
      await repeated(`mute near ${act.on ? 'on' : 'off'}`, 'mute');
      talk.tell({ micMuted: act.on });
      return 'completed';
    case 'volume': {
      const level = Math.round(act.level * VOLUME_MAX);
      const told = exactly(`volume ${level}`);
      talk.tell(
        await ask({
          command: `volume set ${level}`,
          match: (text) => (told(text) ? answer(volume(text) ?? {}) : null),
          twice: true,
          key: 'volume',
        }),
      );
      return 'completed';
    }
    case 'move':
      await session.move(direction(act));
      return 'accepted';
    case 'presetRecall':
      await repeated(`preset near go ${act.preset}`, 'preset');
      return 'accepted';
    case 'presetStore':
      await repeated(`preset near set ${act.preset}`, 'store');
      return 'accepted';
    case 'input':
      await repeated(`camera near ${act.input}`, 'input');
      talk.tell({ input: act.input });
      return 'completed';
    case 'layout':
      await repeated(`mpmode ${act.layout}`, 'layout');
      talk.tell({ layout: act.layout });
      return 'accepted';
    case 'presentation': {
      const button = act.on ? 'play' : 'stop';
      const source = act.on && act.source !== null ? ` ${act.source}` : '';
      const done = new RegExp(`^vcbutton ${button}\\b.*succeeded$`);
      await ask({ command: `vcbutton ${button}${source}`, match: (text) => (done.test(text) ? answer(true) : null) });
      talk.tell({ presentation: act.on ? 'sending' : 'off' });
      return 'completed';
    }
    case 'dnd': {
      const word = act.on ? 'donotdisturb' : session.autoanswer();
      await repeated(`autoanswer ${word}`, 'dnd');
      talk.tell({ dnd: act.on });
      return 'completed';
    }
    case 'reboot':
      await ask({ command: 'reboot now', match: () => null, timeoutMs: QUIET_MS, silence: { value: true } });
      return 'accepted';
    case 'raw': {
      // The first line that is no news is the answer; no answer is one too.
      const said = await ask<string>({
        command: act.text.replace(/\p{Cc}/gu, ''),
        name: 'raw',
        match: (text) => (isNews(text) || refusalIn(text) !== null ? null : answer(text)),
        timeoutMs: 3 * QUIET_MS,
        silence: { value: '' },
      });
      talk.tell(newsIn(said, talk.state()) ?? {});
      return 'accepted';
    }
    case 'hold':
    case 'speakerMute':
    case 'position':
    case 'route':
    case 'blank':
      throw new FaultError({ code: 'conflict', what: act.do, reason: 'a Polycom cannot do this' });
    default:
      return act satisfies never;
  }
}

const begins =
  (start: string) =>
  (text: string): Answer<true> | null =>
    text.startsWith(start) ? answer(true) : null;

function dialCommand({ address, protocol, kbps }: Extract<DeviceAct, { do: 'dial' }>): string {
  // The device picks the protocol by its own dialling order.
  if (protocol === 'auto' && kbps === null && !/\s/.test(plain(address))) return `dial auto ${plain(address)}`;
  const kind = protocol === 'auto' ? (isSip(address) ? 'sip' : 'h323') : protocol;
  return `dial manual ${kbps ?? 'auto'} ${quoted(address)} ${kind}`;
}

/** A second call into the same meeting was heard as a howl: who is in a call, or may be, does not dial. */
async function guardDial({ calls }: Session): Promise<void> {
  const refuse = (reason: string): never => {
    throw new FaultError({ code: 'conflict', what: 'dial', reason });
  };
  const all = await calls();
  if (all === null) return refuse('the codec does not tell whether it is in a call');
  const busy = all.find(({ state }) => state !== 'disconnecting');
  if (busy !== undefined) refuse(`the codec is in a call already: ${busy.number || busy.name || busy.id}, ${busy.state}`);
}

/** The call that rings, by its name; null: all there is rings, and may be hung up. */
function ringing(calls: readonly Call[], wanted: string | null): string | null {
  const call = calls.find(({ id, state, direction: way }) => (wanted === null ? state === 'ringing' && way !== 'out' : id === wanted));
  if (call !== undefined && /^\d+$/.test(call.id)) return call.id;
  if (call !== undefined && calls.length === 1) return null;
  throw new FaultError({
    code: 'conflict',
    what: 'reject',
    reason: call === undefined ? 'nobody rings' : 'another call would be ended too',
  });
}

async function hangup({ channel, talk }: Session, call: string | null): Promise<Did> {
  const did = await channel.ask<Did>(talk, {
    command: call === null ? 'hangup all' : `hangup video ${quoted(call)}`,
    match: (text) => {
      if (text.startsWith('hanging up')) return answer('accepted');
      return text === 'system is not in a call' ? answer('completed') : null;
    },
  });
  if (did === 'completed') talk.tell({ calls: [] });
  return did;
}

/** The camera goes one way at a time, at one speed: the strongest wish wins. */
function direction({ pan, tilt, zoom }: { readonly pan: number; readonly tilt: number; readonly zoom: number }): string {
  const strongest = Math.max(Math.abs(pan), Math.abs(tilt), Math.abs(zoom));
  if (Math.abs(pan) === strongest) return pan < 0 ? 'left' : 'right';
  if (Math.abs(tilt) === strongest) return tilt < 0 ? 'down' : 'up';
  return zoom < 0 ? 'zoom-' : 'zoom+';
}
