/**
 * From an open line to a session. A serial port may be anywhere: at a prompt that was printed long ago, in the middle of a login, in a session
 * that somebody left, or without login at all (`xConfiguration SerialPort LoginRequired: Off`), where nothing is said before we ask.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { Question } from '../wire/exchange.ts';
import type { Talk } from '../wire/protocol.ts';
import { commandLine, notRecognized, type XapiMessage } from './codec.ts';
import { isIdentity } from './questions.ts';

export interface Account {
  readonly username: string;
  readonly password: string;
}

/** Where we are. `shell`: it takes commands. */
export type Place = 'login' | 'password' | 'shell' | 'nowhere';

/** Prompts that come by themselves are there by then. */
const LISTEN_MS = 120;
/** A prompt comes back at once. */
const KNOCK_MS = 250;
const PROBE_MS = 1500;
/** A wrong password is answered late on purpose. */
const LOGIN_MS = 6000;
/** Each place once or twice; more is a loop. */
const STEPS = 8;

/**
 * @param at the prompt that was heard already, or `nowhere`.
 * @throws FaultError `device.login` when it does not take the account, `device.silent` when it says nothing we know.
 */
export async function logIn(talk: Talk<XapiMessage>, account: Account, at: Place): Promise<void> {
  let place = at;
  if (place === 'nowhere') place = await talk.ask(listen('prompt', new Uint8Array(0), LISTEN_MS));
  if (place === 'nowhere') place = await talk.ask(listen('return', commandLine(''), KNOCK_MS));
  /** The password prompt at hand is for our name. */
  let named = false;
  for (let step = 0; step < STEPS; step++) {
    switch (place) {
      case 'shell':
        return;
      case 'nowhere':
        place = await talk.ask(probe());
        break;
      case 'login':
        place = await talk.ask(giveName(account.username === '' ? 'admin' : account.username));
        named = place === 'password';
        break;
      case 'password':
        place = await talk.ask(givePassword(named ? account.password : ''));
        if (named && place === 'login') throw new FaultError({ code: 'device.login', device: 'xapi', because: 'Login incorrect' });
        named = false;
        break;
      default:
        place satisfies never;
    }
  }
  throw new FaultError({ code: 'device.login', device: 'xapi', because: `no session after ${STEPS} steps` });
}

type PlaceQuestion = Question<XapiMessage, Place>;

const IN_SHELL = /^(?:OK|\*r Login successful)$/i;

const listen = (name: string, bytes: Uint8Array, timeoutMs: number): PlaceQuestion => ({
  name,
  bytes,
  timeoutMs,
  silence: { value: 'nowhere' },
  match: (message) => (message.is === 'prompt' ? { is: 'answer', value: message.wants } : null),
});

/** What any session answers, and what does no harm at a prompt: it is then a name nobody has. */
const probe = (): PlaceQuestion => ({
  name: 'identity',
  bytes: commandLine('xStatus SystemUnit Uptime'),
  timeoutMs: PROBE_MS,
  again: 1,
  match: (message) => {
    if (message.is === 'prompt') return { is: 'answer', value: message.wants };
    if (message.is === 'line') return notRecognized(message.text) ? { is: 'answer', value: 'shell' } : null;
    return isIdentity(message) || message.of === null ? { is: 'answer', value: 'shell' } : null;
  },
});

const giveName = (username: string): PlaceQuestion => ({
  name: 'login name',
  bytes: commandLine(username),
  timeoutMs: LOGIN_MS,
  match: (message) => {
    // The prompt may have been printed twice before we answered.
    if (message.is === 'prompt') return message.wants === 'password' ? { is: 'answer', value: 'password' } : { is: 'part' };
    // That was an old prompt: it has been a session all the time.
    return message.is === 'line' && notRecognized(message.text) ? { is: 'answer', value: 'shell' } : null;
  },
});

const givePassword = (password: string): PlaceQuestion => ({
  name: 'login password',
  bytes: Buffer.from(`${password.replace(/[\r\n]/g, '')}\r`, 'utf8'),
  timeoutMs: LOGIN_MS,
  match: (message) => {
    if (message.is === 'prompt') return message.wants === 'login' ? { is: 'answer', value: 'login' } : { is: 'part' };
    return message.is === 'line' && IN_SHELL.test(message.text) ? { is: 'answer', value: 'shell' } : null;
  },
});
