/** The way into a switcher: a serial line asks for nothing, a network connection may ask for a password after its banner. */
import { FaultError } from '../../protocol/fault.ts';
import type { Answer } from '../wire/exchange.ts';
import type { Talk } from '../wire/protocol.ts';
import { encode, type Reply } from './codec.ts';

const LISTEN_MS = 700;
const ANSWER_MS = 1500;

type Door = 'in' | 'asks' | 'quiet';

/**
 * Comes in, and sets the session up with `setup`, which is also the probe.
 * @param prompted whether the prompt has been seen since the line was opened.
 * @throws FaultError `device.login`; `device.silent` when nobody is there.
 */
export async function enter(talk: Talk<Reply>, password: string, setup: Uint8Array, prompted: () => boolean): Promise<void> {
  let sent = false;
  let door: Door = prompted() ? 'asks' : 'quiet';
  // A probe at a prompt would be a wrong password.
  if (door === 'quiet' && password !== '') door = await ask(talk, 'greeting', new Uint8Array(0), LISTEN_MS, 'quiet');
  for (;;) {
    if (door === 'asks') {
      if (password === '') throw refused('it asks for a password');
      if (sent) throw refused('it does not accept the password');
      sent = true;
      // Some say who has come in, some say nothing: the setup tells then.
      door = await ask(talk, 'password', encode.password(password), ANSWER_MS, 'quiet');
      if (door === 'asks') continue;
    }
    door = await ask(talk, 'verbose mode', setup, ANSWER_MS, null);
    if (door === 'in') return;
  }
}

/** @param silence what it means that nothing comes; null: a fault. */
function ask(talk: Talk<Reply>, name: string, bytes: Uint8Array, timeoutMs: number, silence: Door | null): Promise<Door> {
  const setup = silence === null;
  return talk.ask<Door>({
    name,
    bytes,
    timeoutMs,
    match: (reply) => meaning(reply, setup),
    ...(silence === null ? { again: 1 } : { silence: { value: silence } }),
  });
}

function meaning(reply: Reply, setup: boolean): Answer<Door> | null {
  if (reply.is === 'prompt') return { is: 'answer', value: 'asks' };
  if (!setup) return reply.is === 'welcome' ? { is: 'answer', value: 'in' } : null;
  // A unit without verbose modes says so, and is none the worse for it.
  return reply.is === 'verbose' || reply.is === 'error' ? { is: 'answer', value: 'in' } : null;
}

const refused = (because: string): FaultError => new FaultError({ code: 'device.login', device: 'extron', because });
