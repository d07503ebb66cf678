/**
 * A Polycom HDX, RealPresence Group or G7500 that is not there: its API session on a line. Source: Polycom "Integrator's Reference Manual" for HDX
 * and for RealPresence Group; what real ones were seen to do.
 */
import type { DriverSettings } from '../wire/driver.ts';
import type { Said, Simulator } from '../wire/simulator.ts';
import { obey } from './simulated-commands.ts';
import { happened, happeningNames } from './simulated-happenings.ts';
import { GREETING, introduction, type Model, modelOf } from './simulated-model.ts';
import { Room } from './simulated-room.ts';

const LINE_MAX = 1000;
/** A real one needs minutes; nobody learns from waiting for them. */
const BOOT_MS = 300;

type Session = 'user' | 'password' | 'in';
const sessionHappenings = ['late greeting', 'late mute', 'empty callinfo', 'session lost', 'login-refused', 'login-accepted'];

/**
 * In `settings.model` words choose what it is and its odd ways (modelOf); with a password it asks for one, with a user name for both. Besides what
 * happened() knows, `late greeting`, `late mute` and `empty callinfo` spoil the next reply they fit, and `session lost`, `login-refused` and
 * `login-accepted` have to do with the login.
 */
export function simulatePolycom(settings: DriverSettings): Simulator {
  return new Polycom(settings);
}

class Polycom implements Simulator {
  readonly #settings: DriverSettings;
  readonly #model: Model;
  readonly #room: Room;
  #session: Session;
  #user = '';
  #line = '';
  #out: Said[] = [];
  #refusing = false;
  /** `-> command` that is still owed. */
  #echo: string | null = null;
  #lateGreeting = false;
  #lateMute = false;
  /** A reply that comes with the next one. */
  #kept: string | null = null;
  #emptyBlock = false;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
    this.#model = modelOf(settings.model);
    this.#session = this.#first();
    this.#room = new Room(this.#model, (line, afterMs = 0) => {
      if (this.#session === 'in') this.#say(`${line}\r\n`, afterMs);
    });
  }

  opened(): readonly Said[] {
    this.#begin(0);
    return this.#flush();
  }

  /** Registrations, calls and movement go on. */
  closed(): void {
    this.#session = this.#first();
    this.#line = '';
    this.#echo = null;
    this.#kept = null;
  }

  feed(bytes: Uint8Array): readonly Said[] {
    for (const letter of Buffer.from(bytes).toString('latin1')) {
      if (letter === '\r') {
        const line = this.#line;
        this.#line = '';
        this.#take(line.trim());
      } else if (letter !== '\n' && this.#line.length < LINE_MAX) this.#line += letter;
    }
    return this.#flush();
  }

  happen(what: string): readonly Said[] {
    switch (what) {
      case 'late greeting':
        this.#lateGreeting = true;
        break;
      case 'late mute':
        this.#lateMute = true;
        break;
      case 'empty callinfo':
        this.#emptyBlock = true;
        break;
      case 'session lost':
        this.#begin(0);
        break;
      case 'login-refused':
        this.#refusing = true;
        this.#begin(0);
        break;
      case 'login-accepted':
        this.#refusing = false;
        break;
      default:
        if (!happened(this.#room, what)) throw new Error(`a Polycom knows ${[...happeningNames, ...sessionHappenings].join('; ')}`);
    }
    return this.#flush();
  }

  restart(): readonly Said[] {
    this.#room.restart();
    this.closed();
    this.#begin(BOOT_MS);
    return this.#flush();
  }

  get facts(): Readonly<Record<string, unknown>> {
    const { calls, micMuted, volume, videoMuted, input, tracking, moving, position, preset, presets } = this.#room;
    const { presentation, asleep, layout, selfview, autoanswer, dtmf, registered } = this.#room;
    return {
      power: asleep ? 'asleep' : 'on',
      calls,
      micMuted,
      volume,
      videoMuted,
      input,
      tracking,
      moving: moving !== null,
      towards: moving,
      position,
      preset,
      presets,
      presentation,
      layout,
      selfview,
      autoanswer,
      dtmf,
      registered: [...registered],
      session: this.#session,
    };
  }

  /** Where a new session begins. */
  #first(): Session {
    if (this.#settings.password === '' && !this.#refusing) return 'in';
    return this.#settings.username === '' ? 'password' : 'user';
  }

  #begin(afterMs: number): void {
    this.#session = this.#first();
    if (this.#session === 'in') {
      if (!this.#model.hdx) this.#greet(afterMs);
    } else this.#prompt(afterMs);
  }

  #prompt(afterMs = 0): void {
    this.#say(this.#session === 'user' ? 'User:' : 'Password:', afterMs);
  }

  #greet(afterMs: number): void {
    if (this.#model.lateGreeting) this.#lateGreeting = true;
    else for (const line of [GREETING, ...introduction(this.#model, this.#room.total)]) this.#say(`${line}\r\n`, afterMs);
  }

  #take(line: string): void {
    switch (this.#session) {
      case 'user':
        this.#user = line;
        this.#session = 'password';
        this.#prompt();
        break;
      case 'password':
        this.#login(line);
        break;
      case 'in':
        this.#command(line);
        break;
      default:
        this.#session satisfies never;
    }
  }

  #login(password: string): void {
    const { username, password: wanted } = this.#settings;
    const right = !this.#refusing && password === wanted && (username === '' || this.#user === username);
    if (right) {
      this.#session = 'in';
      this.#greet(0);
    } else {
      this.#say('\r\n-- login failed, retry --\r\n');
      this.#session = this.#first();
      this.#prompt();
    }
  }

  #command(line: string): void {
    if (line === '') return;
    // The echo comes before the acknowledgement, with its ends the wrong way round.
    if (this.#model.hdx) this.#say(`${line}\n\r`);
    if (this.#model.lateEcho && this.#echo !== null) this.#say(`-> ${this.#echo}\r\n`);
    this.#echo = line;
    if (this.#kept !== null) this.#say(this.#kept);
    this.#kept = null;
    if (/^exit$/i.test(line)) this.#begin(0);
    else if (/^reboot( now)?$/i.test(line)) {
      this.#room.restart();
      this.closed();
      this.#begin(BOOT_MS);
    } else if (this.#emptyBlock && /^callinfo all$/i.test(line)) {
      this.#emptyBlock = false;
      this.#say('callinfo begin\r\ncallinfo end\r\n');
    } else this.#reply(line);
  }

  #reply(line: string): void {
    const keep = this.#lateMute && /^mute near (on|off|toggle)$/i.test(line);
    if (keep) this.#lateMute = false;
    let said = 0;
    obey(this.#room, line, (text, afterMs = 0) => {
      const bytes = `${text}${this.#model.crcrlf ? '\r\r\n' : '\r\n'}`;
      if (keep) this.#kept = bytes;
      else this.#say(bytes, afterMs);
      if (++said === 1 && this.#lateGreeting) {
        this.#lateGreeting = false;
        for (const each of [GREETING, ...introduction(this.#model, this.#room.total)]) this.#say(`${each}\r\n`);
      }
    });
  }

  #say(text: string, afterMs = 0): void {
    this.#out.push({ bytes: Buffer.from(text, 'latin1'), afterMs });
  }

  #flush(): readonly Said[] {
    const said = this.#out;
    this.#out = [];
    return said;
  }
}
