/**
 * A TANDBERG MXP codec on its serial line, with the XACLI of the MXP integrator guide (D13887) and the MPS API (D13639): statuses with their
 * state in the header, `*r/end`, modem words when a call comes and goes. It keeps no clock: a far end that answers has answered at once, and
 * the states on the way are told in their order. Model `mps` says no OK after a status, `echo` says back what it hears.
 */
import type { DriverSettings } from '../wire/driver.ts';
import { now, type Said, type Simulator } from '../wire/simulator.ts';
import { argumentsOf, type Call, callBlock, feedbackOf, fits, type Happening, happenings, readWords } from './simulated.ts';

const LINE_MAX = 512;
const CALLS_MAX = 4;
const FEEDBACK_MAX = 15;
const UNIT = [
  '*s SystemUnit:',
  '  ProductType: "TANDBERG Codec"',
  '  ProductId: "TANDBERG 990 MXP"',
  '  Uptime: 597095',
  '  Software:',
  '    Version: "F9.3.4 PAL"',
  '  Hardware:',
  '    SerialNumber: "38A17054"',
  '*s/end',
];

export function simulateXacli(settings: DriverSettings): Simulator {
  return new XacliSimulator(settings.model.toLowerCase());
}

class XacliSimulator implements Simulator {
  readonly #model: string;
  #held = '';
  #echo: boolean;
  #calls: Call[] = [];
  #feedback: string[] = [];
  #logTag = 4;
  #farEnd: 'answers' | 'rings' | 'busy' = 'answers';
  #fails = false;
  #restarts = 0;

  constructor(model: string) {
    this.#model = model;
    this.#echo = model === 'echo';
  }

  get facts(): Readonly<Record<string, unknown>> {
    return {
      calls: this.#calls.map((call) => ({ ...call })),
      feedback: [...this.#feedback],
      echo: this.#echo,
      moving: false,
      restarts: this.#restarts,
    };
  }

  opened(): readonly Said[] {
    return [];
  }

  closed(): void {
    this.#held = '';
    this.#feedback = [];
  }

  feed(bytes: Uint8Array): readonly Said[] {
    this.#held += Buffer.from(bytes).toString('latin1');
    const lines = this.#held.split(/[\r\n]+/);
    this.#held = (lines.pop() ?? '').slice(-LINE_MAX);
    return lines.flatMap((line) => {
      const words = readWords(line.slice(-LINE_MAX));
      const echoed = this.#echo ? [`${line}`] : [];
      return words.length === 0 ? [] : now([...echoed, ...this.#obey(words)].map((each) => `${each}\r\n`).join(''));
    });
  }

  happen(what: string): readonly Said[] {
    const [, name, rest = ''] = new RegExp(`^(${happenings.join('|')})(?: (.+))?$`).exec(what.trim()) ?? [];
    if (name === undefined) throw new Error(`${what || 'nothing'} cannot happen; there are: ${happenings.join(', ')}`);
    return now(...this.#happened(name as Happening, rest).map((line) => `${line}\r\n`));
  }

  restart(): readonly Said[] {
    this.closed();
    this.#calls = [];
    this.#echo = this.#model === 'echo';
    this.#restarts++;
    return now('\r\n');
  }

  #happened(what: Happening, rest: string): readonly string[] {
    switch (what) {
      case 'incoming':
        return this.#incoming(rest === '' ? '2001' : rest);
      case 'answer':
        return this.#calls.filter(({ status }) => status !== 'Synced').flatMap((call) => this.#connect(call));
      case 'hang-up':
        return this.#calls.flatMap((call) => this.#end(call));
      case 'far-end answers':
      case 'far-end rings':
      case 'far-end busy':
        this.#farEnd = what.slice(8) as 'answers' | 'rings' | 'busy';
        return [];
      case 'command-fails':
        this.#fails = true;
        return [];
      case 'echo on':
      case 'echo off':
        this.#echo = what === 'echo on';
        return [];
      default:
        return what satisfies never;
    }
  }

  #obey([first = '', ...rest]: readonly string[]): readonly string[] {
    if (/^at/i.test(first)) return this.#modem([first.slice(2), ...rest].join(''));
    if (fits(first, 'echo', 4)) {
      this.#echo = rest[0]?.toLowerCase() === 'on';
      return ['OK'];
    }
    if (fits(first, 'xcommand', 4)) return this.#command(rest);
    if (fits(first, 'xstatus', 5)) return this.#status(rest);
    if (fits(first, 'xfeedback', 5)) return this.#registration(rest);
    return ['ERROR'];
  }

  /** What is left of the modem: dial, hang up, answer, echo. */
  #modem(command: string): readonly string[] {
    const [, letter = '', rest = ''] = /^([dhae]?)(.*)$/i.exec(command) ?? [];
    switch (letter.toLowerCase()) {
      case '':
        return [rest === '' ? 'OK' : 'ERROR'];
      case 'e':
        this.#echo = rest === '1';
        return ['OK'];
      case 'd':
        return this.#dial(rest.replace(/^[tp]/i, ''), 768)?.news ?? ['NO CARRIER'];
      case 'a':
        return this.#happened('answer', '');
      default:
        return ['OK', ...this.#happened('hang-up', '')];
    }
  }

  #command([name = '', ...rest]: readonly string[]): readonly string[] {
    if (this.#fails) {
      this.#fails = false;
      return failed(43, 'Command failed');
    }
    if (fits(name, 'dial', 4)) {
      const { number = '', callrate = '768' } = argumentsOf(rest, ['number', 'callrate']);
      if (number === '' || !/^\d{1,5}$/.test(callrate)) return failed(17, 'Bad parameters');
      const dialled = this.#dial(number, Number(callrate));
      if (dialled === null) return failed(26, 'No more calls');
      return [...done('', `  CallRef: ${dialled.call.slot}`, `  LogTag: ${++this.#logTag}`), ...dialled.news];
    }
    if (fits(name, 'disconnect', 4)) {
      const { call = '' } = argumentsOf(rest, ['call']);
      const meant = this.#calls.filter(({ slot }) => call === '' || String(slot) === call);
      return meant.length === 0 ? failed(31, 'No such call') : [...done(' /'), ...meant.flatMap((each) => this.#end(each))];
    }
    if (fits(name, 'callaccept', 5)) {
      const waiting = this.#calls.filter(({ status }) => status === 'AwaitInCnf');
      return waiting.length === 0 ? failed(31, 'No such call') : [...done(' /'), ...waiting.flatMap((each) => this.#connect(each))];
    }
    return failed(5, 'Unknown command');
  }

  #status([path = '', which = '']: readonly string[]): readonly string[] {
    const end = this.#model === 'mps' ? [] : ['', 'OK'];
    if (fits(path, 'systemunit', 6)) return ['', ...UNIT, ...end];
    if (!fits(path.split('/')[0] ?? '', 'call', 4)) return ['ERROR'];
    const wanted = this.#calls.filter(({ slot }) => which === '' || String(slot) === which);
    const blocks =
      wanted.length === 0
        ? callBlock({ slot: Number(which) || 1, status: 'Disconnected', incoming: false, number: '', rate: 0 })
        : wanted.flatMap(callBlock);
    return ['', ...blocks, ...end];
  }

  #registration([what = '', ...rest]: readonly string[]): readonly string[] {
    if (fits(what, 'list', 4)) return [...this.#feedback.map((each, index) => `*xf ${index + 1} ${each}`), 'OK'];
    const given = rest.join(' ');
    if (fits(what, 'register', 3)) {
      if (feedbackOf(given) === null || this.#feedback.length >= FEEDBACK_MAX) return ['ERROR'];
      this.#feedback.push(given);
      return ['OK'];
    }
    if (!fits(what, 'deregister', 5) || !/^\d{1,2}$/.test(given) || Number(given) > this.#feedback.length) return ['ERROR'];
    if (given === '0') this.#feedback = [];
    else this.#feedback.splice(Number(given) - 1, 1);
    return ['OK'];
  }

  #dial(number: string, rate: number): { readonly call: Call; readonly news: readonly string[] } | null {
    const call = this.#begin({ status: 'Dialling', incoming: false, number, rate });
    if (call === null) return null;
    const rung = [...this.#tell(call), ...this.#goes(call, 'Alerting')];
    const then = { answers: () => this.#connect(call), rings: () => [], busy: () => ['BUSY', ...this.#end(call)] }[this.#farEnd];
    return { call, news: [...rung, ...then()] };
  }

  #incoming(number: string): readonly string[] {
    const call = this.#begin({ status: 'AwaitInCnf', incoming: true, number, rate: 768 });
    return call === null ? [] : ['RING', ...this.#tell(call)];
  }

  #begin(call: Omit<Call, 'slot'>): Call | null {
    const slot = [1, 2, 3, 4].find((each) => !this.#calls.some((other) => other.slot === each));
    if (slot === undefined || this.#calls.length >= CALLS_MAX) return null;
    const begun = { slot, ...call };
    this.#calls.push(begun);
    return begun;
  }

  #connect(call: Call): readonly string[] {
    return [...this.#goes(call, call.incoming ? 'EstablIn' : 'EstablOut'), ...this.#goes(call, 'Synced'), 'CONNECT'];
  }

  #end(call: Call): readonly string[] {
    const news = [...this.#goes(call, 'ClearOut'), ...this.#goes(call, 'Disconnected')];
    this.#calls = this.#calls.filter(({ slot }) => slot !== call.slot);
    return [...news, 'NO CARRIER'];
  }

  #goes(call: Call, status: Call['status']): readonly string[] {
    call.status = status;
    return this.#tell(call);
  }

  /** Once, to whoever has asked for this state or for all. */
  #tell(call: Call): readonly string[] {
    const wanted = this.#feedback.some((each) => {
      const of = feedbackOf(each);
      return of !== null && (of.status === null || of.status === call.status);
    });
    return wanted ? callBlock(call) : [];
  }
}

const done = (after: string, ...fields: readonly string[]): readonly string[] => [
  '',
  `*r Result (status=OK):${after}`,
  ...fields,
  '*r/end',
  'OK',
];
const failed = (cause: number, words: string): readonly string[] => [
  '',
  '*r Result (status=Error):',
  `  Cause: ${cause}`,
  `  Description: "${words}"`,
  '*r/end',
];
