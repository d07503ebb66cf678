/**
 * A Cisco/TANDBERG codec on its serial line: login prompt without an end of line, echo until it is told not to, an OK before command results
 * and after statuses, feedback for who has registered and only in that session. Model `tc7` (the default is `ce9`) changes manners and names,
 * `tc5` is older still. Sources: see simulated-text.ts.
 */
import type { DriverSettings } from '../wire/driver.ts';
import { later, now, type Said, type Simulator } from '../wire/simulator.ts';
import { type News, SimulatedCodec, standbyPath } from './simulated-codec.ts';
import { knownCommand } from './simulated-commands.ts';
import { happened, happeningNames } from './simulated-happenings.ts';
import {
  type CommandLine,
  configReply,
  doneReply,
  eventNews,
  ghostNews,
  type Leaf,
  quoted,
  readCommandLine,
  resultReply,
  type Style,
  statusNews,
  statusReply,
  styleOf,
} from './simulated-text.ts';

const LINE_MAX = 4096;
const FEEDBACK_MAX = 38;
const BOOT_MS = 500;
/** 38400 baud read at another speed. */
const BOOT_NOISE = Uint8Array.of(0x00, 0xf8, 0x1c, 0xe0, 0x80, 0x0d, 0x78, 0xfe, 0x00, 0xc0, 0x9e, 0x0a, 0x66, 0x98);
const LOGIN = '\r\nlogin: ';
const PASSWORD = 'Password: ';

/** Of one login; another one begins with nothing of it. */
interface Session {
  readonly at: 'login' | 'password' | 'commands';
  readonly user: string;
  readonly echo: boolean;
  /** Paths as they were registered: `/Status/Call`. */
  readonly feedback: readonly string[];
}

type Quirk = 'interleave' | 'bare errors' | 'errors without reason';
const quirks: readonly Quirk[] = ['interleave', 'bare errors', 'errors without reason'];

export function simulateXapi(settings: DriverSettings): Simulator {
  return new XapiSimulator(settings);
}

class XapiSimulator implements Simulator {
  readonly #settings: DriverSettings;
  readonly #style: Style;
  readonly #codec: SimulatedCodec;
  readonly #quirks = new Set<Quirk>();
  #session: Session;
  #held = '';
  #afterCr = false;
  #refuses = false;
  #restarts = 0;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
    this.#style = styleOf(settings.model);
    this.#codec = new SimulatedCodec(this.#style.era);
    this.#session = this.#fresh();
  }

  get facts(): Readonly<Record<string, unknown>> {
    const { calls, moving: going, recalled, stored, peripheral } = this.#codec;
    return {
      power: this.#codec.value(standbyPath(this.#style.era)) === 'Off' ? 'on' : 'standby',
      calls,
      moving: Object.values(going).some((way) => way !== 'stop'),
      going,
      recalled,
      stored,
      peripheral,
      restarts: this.#restarts,
      loggedIn: this.#session.at === 'commands',
      echo: this.#session.echo,
      feedback: this.#session.feedback,
      status: Object.fromEntries(this.#codec.leaves),
    };
  }

  opened(): readonly Said[] {
    return this.#session.at === 'commands' ? [] : now(LOGIN);
  }

  closed(): void {
    this.#session = this.#fresh();
    this.#held = '';
  }

  feed(bytes: Uint8Array): readonly Said[] {
    const said: Said[] = [];
    for (const char of Buffer.from(bytes).toString('latin1')) {
      const end = char === '\r' || char === '\n';
      // CR and LF together are one end.
      const second = char === '\n' && this.#afterCr;
      this.#afterCr = char === '\r';
      if (second) continue;
      if (end) {
        const line = this.#held;
        this.#held = '';
        said.push(...this.#line(line));
      } else if (this.#held.length < LINE_MAX) this.#held += char;
    }
    return said;
  }

  happen(what: string): readonly Said[] {
    const quirk = quirks.find((each) => each === what);
    if (quirk !== undefined) this.#quirks.add(quirk);
    else if (what === 'login-refused') this.#refuses = true;
    else if (what === 'login-accepted') this.#refuses = false;
    else if (what === 'session-lost') return this.#loggedOut();
    else if (what === 'log-noise') return now('tshell: main: task 0x2f took 112 ms\r\n');
    else {
      const news = happened(this.#codec, what, this.#style.era);
      const known = [...happeningNames, ...quirks, 'login-refused', 'login-accepted', 'session-lost', 'log-noise'];
      if (news === null) throw new Error(`a codec knows: ${known.join(', ')}; not ${what}`);
      return this.#tell(news);
    }
    return [];
  }

  restart(): readonly Said[] {
    this.#restarts++;
    this.#codec.restart();
    this.#session = this.#fresh();
    this.#held = '';
    return [...now(BOOT_NOISE), ...(this.#settings.password === '' ? [] : [later(BOOT_MS, LOGIN)])];
  }

  /** Without a password nobody is asked to log in, and there is no greeting either. */
  #fresh(): Session {
    return { at: this.#settings.password === '' ? 'commands' : 'login', user: '', echo: true, feedback: [] };
  }

  #loggedOut(): readonly Said[] {
    this.#session = this.#fresh();
    return this.opened();
  }

  #line(line: string): readonly Said[] {
    const session = this.#session;
    switch (session.at) {
      case 'login':
        if (line.trim() === '') return now(LOGIN);
        this.#session = { ...session, at: 'password', user: line.trim() };
        return now(`${line}\r\n${PASSWORD}`);
      case 'password':
        return this.#login(session.user, line);
      case 'commands':
        return [...(session.echo ? now(`${line}\r\n`) : []), ...this.#command(line.trim())];
      default:
        return session.at satisfies never;
    }
  }

  #login(user: string, password: string): readonly Said[] {
    const { username, password: wanted } = this.#settings;
    if (this.#refuses || user !== (username === '' ? 'admin' : username) || password !== wanted) {
      this.#session = this.#fresh();
      return now(`\r\nLogin incorrect\r\n${LOGIN}`);
    }
    this.#session = { ...this.#fresh(), at: 'commands', user };
    const release = this.#style.era === 'tc' ? 'TC7.3.3.c84180a' : 'ce 9.15.3 2021-11-25 22dd1f4';
    const date = this.#style.era === 'tc' ? '2015-06-12' : '2021-11-25';
    return this.#say([
      '',
      'Welcome to Phong hop',
      `Cisco Codec Release ${release}`,
      `SW Release Date: ${date}`,
      '*r Login successful',
      '',
      'OK',
      '',
    ]);
  }

  #command(text: string): readonly Said[] {
    if (text === '') return [];
    const line = readCommandLine(text);
    if (line === null) return this.#unknown();
    switch (line.words[0]) {
      case 'xcommand':
        return this.#xCommand(line);
      case 'xstatus':
        return this.#xStatus(line);
      case 'xconfiguration':
        return this.#xConfiguration(line);
      case 'xfeedback':
        return this.#xFeedback(line);
      case 'xpreferences':
        if (line.words[1] !== 'outputmode' || line.words[2] !== 'terminal') return this.#unknown();
        return this.#say(this.#style.era === 'tc' ? ['', 'OK'] : doneReply(this.#tag(line)));
      case 'echo':
        if (line.words[1] !== 'on' && line.words[1] !== 'off') return this.#unknown();
        this.#session = { ...this.#session, echo: line.words[1] === 'on' };
        return [...(this.#style.era === 'ce' ? now('\x1b[?1034h') : []), ...this.#say(['', 'OK'])];
      case 'bye':
        return this.#loggedOut();
      default:
        return this.#unknown();
    }
  }

  #xCommand(line: CommandLine): readonly Said[] {
    const known = knownCommand(line.words.slice(1), this.#style.era);
    if (known === null) return this.#unknown();
    const done = known.run(this.#codec, line.values);
    const reason = (because: string): readonly Leaf[] => (this.#quirks.has('errors without reason') ? [] : [['Reason', quoted(because)]]);
    const fields = done.status === 'OK' ? (done.fields ?? []) : reason(done.reason);
    const between = this.#quirks.has('interleave') ? statusNews([['Audio Volume', this.#codec.value('Audio Volume')]]) : [];
    // TC leaves the colon out of this one.
    const colon = known.name !== 'PresetActivate';
    const block = { name: known.name, status: done.status, fields, tag: this.#tag(line), colon, between };
    const reply = this.#say(resultReply(this.#style, block));
    if (done.status !== 'OK') return reply;
    return [...reply, ...(done.boots === true ? this.restart() : this.#tell(done.news ?? []))];
  }

  #xStatus(line: CommandLine): readonly Said[] {
    const wanted = line.words.slice(1);
    const leaves = this.#codec.leaves.filter(([path]) => begins(path.toLowerCase().split(' '), wanted));
    // Without a call there are no statuses of calls, and that is an answer.
    if (leaves.length === 0 && wanted[0] !== 'call' && wanted[0] !== 'conference') return this.#unknown();
    return this.#say(statusReply(leaves, this.#tag(line)));
  }

  #xConfiguration(line: CommandLine): readonly Said[] {
    if (line.values.size > 0) return this.#say(doneReply(this.#tag(line)));
    const login = this.#settings.password === '' ? 'Off' : 'On';
    const all: readonly Leaf[] = [
      ['SerialPort BaudRate', this.#style.era === 'tc' ? '38400' : '115200'],
      ['SerialPort LoginRequired', login],
      ['SerialPort Mode', 'On'],
      ['SystemUnit Name', quoted('Phong hop')],
    ];
    const leaves = all.filter(([path]) => begins(path.toLowerCase().split(' '), line.words.slice(1)));
    return leaves.length === 0 ? this.#unknown() : this.#say(configReply(leaves, this.#tag(line)));
  }

  #xFeedback(line: CommandLine): readonly Said[] {
    const [, action] = line.words;
    const path = line.written[2] ?? '';
    const { feedback } = this.#session;
    const others = feedback.filter((each) => each.toLowerCase() !== path.toLowerCase());
    switch (action) {
      case 'register':
        if (!/^\/(status|event|configuration)(\/|$)/i.test(path) || feedback.length >= FEEDBACK_MAX) return this.#unknown();
        this.#session = { ...this.#session, feedback: [...others, path] };
        return this.#say(doneReply(this.#tag(line)));
      case 'deregister':
        this.#session = { ...this.#session, feedback: others };
        return this.#say(doneReply(this.#tag(line)));
      case 'deregisterall':
        this.#session = { ...this.#session, feedback: [] };
        return this.#say(doneReply(this.#tag(line)));
      case 'list':
        return this.#say([...feedback, ...doneReply(this.#tag(line))]);
      default:
        return this.#unknown();
    }
  }

  #unknown(): readonly Said[] {
    return this.#say([this.#quirks.has('bare errors') ? 'ERROR' : 'Command not recognized.']);
  }

  /** TC has never heard of result ids, and does not mind them. */
  #tag({ tag }: CommandLine): string | null {
    return this.#style.era === 'tc' ? null : tag;
  }

  #tell(all: readonly News[]): readonly Said[] {
    if (this.#session.at !== 'commands') return [];
    return all.filter((news) => this.#wanted(news)).flatMap((news) => this.#say(this.#words(news), news.afterMs));
  }

  #wanted(news: News): boolean {
    const path = news.kind === 'event' ? `event ${news.name}` : `status ${news.kind === 'ghost' ? news.path : (news.leaves[0]?.[0] ?? '')}`;
    // Who registers for calls gets all of them: their numbers are not part of the path.
    const steps = path
      .toLowerCase()
      .split(' ')
      .filter((step) => !/^\d+$/.test(step));
    return this.#session.feedback.some((each) => begins(steps, each.slice(1).toLowerCase().split('/')));
  }

  #words(news: News): readonly string[] {
    switch (news.kind) {
      case 'status':
        return statusNews(news.leaves);
      case 'ghost':
        return ghostNews(this.#style, news.path);
      case 'event':
        return eventNews(this.#style, news.name, news.attributes);
      default:
        return news satisfies never;
    }
  }

  #say(lines: readonly string[], afterMs = 0): readonly Said[] {
    return [later(afterMs, lines.map((line) => `${line}\r\n`).join(''))];
  }
}

const begins = (steps: readonly string[], with_: readonly string[]): boolean =>
  with_.every((step, index) => step === '' || steps[index] === step);
