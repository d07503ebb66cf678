/** A session with a Polycom HDX, RealPresence Group or Poly G7500, over a serial line or the network. Facts: see codec.ts. */
import { FaultError } from '../../protocol/fault.ts';
import type { Call, DeviceAct } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { capabilities, perform } from './acts.ts';
import { callinfoQuestion } from './callinfo.ts';
import { inSetup } from './calls.ts';
import { answer, Channel } from './channel.ts';
import { type Line, lines } from './codec.ts';
import { type Door, doorOf, enter } from './login.ts';
import { identityIn, newsIn } from './news.ts';

/** A command that moves the camera has no answer; a refusal would come within this time. */
const MOVE_MS = 100;
const REGISTER_MS = 4000;
/** An empty answer to the question for calls means "ask again"; after so many nothing is known. */
const CALL_TRIES = 3;
/** While a call is set up nothing is asked, but not for ever. */
const SKIPS_MAX = 6;

/** What can be told by the device, in its own words, and what it is asked where it does not tell. */
const FEEDBACK = ['notify vidsourcechanges', 'volume register', 'vcbutton register', 'sleep register', 'listen video'] as const;
const QUERIES = ['systemsetting get model', 'volume get', 'camera near source', 'vcbutton get', 'autoanswer get'] as const;

export const polycomProtocol = (settings: DriverSettings): Protocol<Line> => new PolycomProtocol(settings);

class PolycomProtocol implements Protocol<Line> {
  readonly framer = lines();
  readonly capabilities = capabilities;
  readonly #settings: DriverSettings;
  readonly #channel = new Channel((prompt) => this.#shut(prompt));
  /** Questions that one of our registrations has made unnecessary. */
  readonly #told = new Set<string>();
  #door: Door = 'quiet';
  #inside = false;
  #settled = false;
  #settling: Promise<void> | null = null;
  #moving: string | null = null;
  #autoanswer = 'no';
  #skipped = 0;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
  }

  /** As soon as calls and microphone are known the device is of use; the rest is asked for while it is used. */
  async begin(talk: Talk<Line>): Promise<void> {
    this.#inside = false;
    await enter(talk, this.#settings, () => {
      const door = this.#door;
      this.#door = 'quiet';
      return door;
    });
    this.#inside = true;
    this.#moving = 'unknown';
    await this.halt(talk);
    // Only one of the two: both would tell everything twice.
    if (!(await this.#register(talk, 'notify callstatus'))) await this.#register(talk, 'callstate register');
    await this.#calls(talk);
    const muteTold = (await this.#register(talk, 'notify mutestatus')) || (await this.#register(talk, 'mute register'));
    if (muteTold) this.#told.add('mute near get');
    await this.#query(talk, 'mute near get');
    this.#settled = false;
    void this.#settle(talk);
  }

  async act(talk: Talk<Line>, act: DeviceAct): Promise<Did> {
    return perform(
      {
        channel: this.#channel,
        talk,
        calls: () => this.#calls(talk),
        move: (direction) => this.#move(talk, direction),
        autoanswer: () => this.#autoanswer,
      },
      act,
    );
  }

  async poll(talk: Talk<Line>): Promise<void> {
    // It has shown a prompt: its session is over, while the line is not.
    if (!this.#inside) return this.begin(talk);
    if (inSetup(talk.state().calls) && this.#skipped < SKIPS_MAX) {
      this.#skipped++;
      return;
    }
    this.#skipped = 0;
    await this.#calls(talk);
    if (!this.#settled) return this.#settle(talk);
    for (const query of ['mute near get', 'volume get', 'autoanswer get']) if (!this.#told.has(query)) await this.#query(talk, query);
  }

  heard(talk: Talk<Line>, line: Line): void {
    if (this.#channel.echoed(line)) return;
    this.#shut(line.text);
    this.#learn(talk, line.text);
  }

  /** A prompt, or the refusal before one, says that nobody is logged in. A greeting may be late, and says nothing. */
  #shut(text: string): void {
    const door = doorOf(text);
    if (door === null || (door === 'in' && this.#inside)) return;
    this.#door = door;
    if (door !== 'in') this.#inside = false;
  }

  /** At a prompt it would be taken for a password: then the stop is sent first thing after the login. */
  readonly halt = async (talk: Talk<Line>): Promise<void> => {
    if (!this.#inside) return;
    // In the place of a move that waits: it would overtake that one, and stop nothing.
    await this.#channel.ask(talk, { ...this.#silent('stop'), urgent: true, key: 'move' });
    this.#moving = null;
  };

  async #move(talk: Talk<Line>, direction: string): Promise<void> {
    // It goes on in the old direction too.
    if (this.#moving !== null && this.#moving !== direction) await this.halt(talk);
    this.#moving = direction;
    await this.#channel.ask(talk, { ...this.#silent(direction), key: 'move' });
  }

  #silent(direction: string) {
    return { command: `camera near move ${direction}`, match: () => null, timeoutMs: MOVE_MS, silence: { value: true } };
  }

  /** What a line says, told; whether it said anything. */
  #learn(talk: Talk<Line>, text: string): boolean {
    this.#autoanswer = /^autoanswer (yes|no)$/.exec(text)?.[1] ?? this.#autoanswer;
    const info = identityIn(text);
    if (info !== null) talk.inform(info);
    const news = newsIn(text, talk.state());
    if (news !== null) talk.tell(news);
    return info !== null || news !== null;
  }

  /** Registrations live in the device's memory: "already active" is what was wanted. False: it cannot tell this by itself. */
  #register(talk: Talk<Line>, command: string): Promise<boolean> {
    return this.#wanted(
      talk,
      false,
      this.#channel.ask<boolean>(talk, {
        command,
        timeoutMs: REGISTER_MS,
        silence: { value: false },
        match: (text) => {
          if (text.startsWith('info: event/notification already active')) return answer(true);
          return text === command || (text.startsWith(command) && /(?:success|registered)$/.test(text)) ? answer(true) : null;
        },
      }),
    );
  }

  /** @param silence not every model answers this. */
  #query(talk: Talk<Line>, command: string, silence?: { readonly value: boolean }): Promise<boolean> {
    const start = command
      .split(' ')
      .filter((word) => word !== 'get')
      .join(' ');
    return this.#wanted(
      talk,
      false,
      this.#channel.ask<boolean>(talk, {
        command,
        twice: true,
        ...(silence === undefined ? {} : { silence, timeoutMs: REGISTER_MS }),
        match: (text) => (text.startsWith(start) && (this.#learn(talk, text) || /\bsucceeded$/.test(text)) ? answer(true) : null),
      }),
    );
  }

  /** What a model does not have it refuses: that is no reason to give it up. */
  async #wanted<R>(talk: Talk<Line>, otherwise: R, asked: Promise<R>): Promise<R> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'device.refused') throw error;
      talk.log.debug({ fault: error.fault }, 'not had by this model');
      return otherwise;
    }
  }

  /** Asks for everything that can wait. Never rejects: the next poll goes on with it. */
  #settle(talk: Talk<Line>): Promise<void> {
    this.#settling ??= this.#asking(talk)
      .catch((error: Error) => talk.log.warn({ because: error.message }, 'not everything could be asked'))
      .finally(() => {
        this.#settling = null;
      });
    return this.#settling;
  }

  async #asking(talk: Talk<Line>): Promise<void> {
    for (const feedback of FEEDBACK) {
      const told = await this.#register(talk, feedback);
      if (told && feedback === 'volume register') this.#told.add('volume get');
    }
    for (const query of QUERIES) await this.#query(talk, query, { value: false });
    this.#settled = true;
  }

  /** Which calls there are, told; null when the device does not say: then it is in no call that we know of. */
  async #calls(talk: Talk<Line>): Promise<readonly Call[] | null> {
    let calls: readonly Call[] | null = null;
    for (let tries = 0; tries < CALL_TRIES && calls === null; tries++)
      calls = await this.#wanted(talk, null, this.#channel.ask(talk, callinfoQuestion()));
    talk.tell({ calls: calls === null ? null : [...calls] });
    return calls;
  }
}
