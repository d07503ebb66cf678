/**
 * The way into a session. A serial line has usually no login, or stands at a prompt that was printed long ago, or is in a session of
 * somebody who left; a network connection speaks first.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { DriverSettings } from '../wire/driver.ts';
import type { Answer } from '../wire/exchange.ts';
import type { Talk } from '../wire/protocol.ts';
import { command, introduction, isLoginRefusal, isPrompt, type Line, refusalIn } from './codec.ts';

/** What stands between us and the session. */
export type Door = 'in' | 'user' | 'password' | 'refused' | 'quiet';

const LISTEN_MS = 1000;
const ANSWER_MS = 3000;
/** Name and password, twice, and what comes in between. */
const STEPS = 10;

/** What a line says of the door; null: nothing. */
export function doorOf(text: string): Door | null {
  if (isPrompt(text)) return /^user/i.test(text) ? 'user' : 'password';
  if (isLoginRefusal(text)) return 'refused';
  return introduction(text) === null ? null : 'in';
}

/**
 * Comes into the session.
 * @param seen what the device has shown of its own accord since the line was opened, then forgotten by it.
 * @throws FaultError `device.login` when it wants what we have not, or refuses it; `device.silent` when nobody is there.
 */
export async function enter(talk: Talk<Line>, { username, password }: DriverSettings, seen: () => Door): Promise<void> {
  const say = (name: string, text: string | null, timeoutMs: number): Promise<Door> =>
    talk.ask<Door>({
      name,
      bytes: text === null ? new Uint8Array(0) : command(text.replace(/[\r\n]/g, '')),
      timeoutMs,
      silence: { value: 'quiet' },
      match: (line) => at(doorOf(line.text) ?? (refusalIn(line.text) === null ? null : 'in')),
    });
  const shown = async (): Promise<Door> => {
    const door = seen();
    return door === 'quiet' ? say('greeting', null, LISTEN_MS) : door;
  };
  // A probe at a prompt would be a wrong name or password: without need it is not sent.
  let door = password === '' ? seen() : await shown();
  const probed = door === 'quiet';
  if (probed) door = await say('whoami', 'whoami', ANSWER_MS);
  if (door === 'quiet') door = await say('exit', 'exit', ANSWER_MS);
  /** A probe that was taken for a name spoils the password after it. */
  let chances = probed && username !== '' ? 2 : 1;
  let sent = false;
  for (let step = 0; step < STEPS; step++) {
    if (sent && (door === 'user' || door === 'password' || door === 'refused')) {
      if (--chances === 0) throw refused('it does not accept the password');
      sent = false;
    }
    switch (door) {
      case 'in':
        return;
      case 'user':
        if (username === '') throw refused('it asks for a user name');
        door = await say('user name', username, ANSWER_MS);
        break;
      case 'password':
        if (password === '') throw refused('it asks for a password');
        sent = true;
        door = await say('password', password, ANSWER_MS);
        break;
      case 'refused':
        // The prompt comes again.
        door = await shown();
        break;
      case 'quiet':
        // The greeting may come late: whether we are in is told by a command.
        door = await asked(talk);
        break;
      default:
        door satisfies never;
    }
  }
  throw refused('it keeps asking');
}

/** Whether it answers a command; silence is a fault now. */
const asked = (talk: Talk<Line>): Promise<Door> =>
  talk.ask<Door>({
    name: 'mute near get',
    bytes: command('mute near get'),
    timeoutMs: ANSWER_MS,
    match: ({ text }) => at(doorOf(text) ?? (/^mute near (?:on|off)$/.test(text) || refusalIn(text) !== null ? 'in' : null)),
  });

const at = (door: Door | null): Answer<Door> | null => (door === null ? null : { is: 'answer', value: door });

const refused = (because: string): FaultError => new FaultError({ code: 'device.login', device: 'polycom', because });
