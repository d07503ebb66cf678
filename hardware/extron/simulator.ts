/**
 * An Extron matrix switcher that is not there, speaking SIS: banner with the byte A9, commands without an end, four verbose modes, news from the
 * front panel. Source: Extron "DXP HDMI Series User Guide" 68-1370.
 */
import type { DriverSettings } from '../wire/driver.ts';
import type { Said, Simulator } from '../wire/simulator.ts';
import { type Layer, Matrix } from './simulated-matrix.ts';

const BOOT_MS = 300;
const FIRMWARE = '1.04';
const PART = '60-878-01';
/** More than any command has. */
const HELD_MAX = 64;

const layers: Readonly<Record<string, Layer>> = { '!': 'all', '%': 'video', '&': 'rgb', $: 'audio' };
const ESC = String.fromCharCode(0x1b);

/** A command at the beginning of what came; the rest may be another. */
const COMMAND = /^(?:(\d{1,3})\*(\d{1,3})?([!%&$BbZz])|(\d{1,3})([!%&$BbZz.,])|([IiNnQq]))/;
/** What may become one. */
const BEGUN = /^\d{1,3}(?:\*\d{0,3})?$/;

/**
 * `settings.model`: a size such as `12x8` (default 8x8) and the words `telnet` (every session begins in verbose mode 0; otherwise the mode is 1
 * and stays). With a password it asks for it when somebody connects.
 * Happens: `front-panel 2*4!` and any other command, `busy` (the next command gets E22), `login-refused`, `login-accepted`.
 */
export function simulateExtron(settings: DriverSettings): Simulator {
  return new Extron(settings);
}

class Extron implements Simulator {
  readonly #password: string;
  readonly #matrix: Matrix;
  readonly #model: string;
  readonly #firstVerbose: number;
  #verbose: number;
  #in: boolean;
  #refusing = false;
  #busy = false;
  #held = '';
  #out: Said[] = [];

  constructor({ password, model }: DriverSettings) {
    const [, inputs = '8', outputs = '8'] = /(\d{1,2})x(\d{1,2})/i.exec(model) ?? [];
    this.#matrix = new Matrix(Number(inputs), Number(outputs));
    this.#model = `DXP ${inputs}${outputs} HDMI`;
    this.#password = password;
    this.#in = password === '';
    this.#firstVerbose = /\btelnet\b/i.test(model) ? 0 : 1;
    this.#verbose = this.#firstVerbose;
  }

  opened(): readonly Said[] {
    this.#banner(0);
    return this.#flush();
  }

  closed(): void {
    this.#held = '';
    this.#in = this.#password === '' && !this.#refusing;
    if (this.#firstVerbose === 0) this.#verbose = 0;
  }

  feed(bytes: Uint8Array): readonly Said[] {
    this.#held += Buffer.from(bytes).toString('latin1');
    while (this.#held !== '') {
      const used = this.#in ? this.#cut() : this.#login();
      if (used === 0) break;
      this.#held = this.#held.slice(used);
    }
    // A line that never ends is not kept.
    if (this.#held.length > HELD_MAX) this.#held = '';
    return this.#flush();
  }

  happen(what: string): readonly Said[] {
    const [, command] = /^front-panel (.+)$/.exec(what) ?? [];
    if (command !== undefined && COMMAND.exec(command)?.[0] === command) {
      // It is heard only by whoever wants to hear it.
      const said = this.#do(command, false);
      if (this.#in && (this.#verbose & 1) === 1) this.#say(said);
    } else if (what === 'busy') this.#busy = true;
    else if (what === 'login-refused') {
      this.#refusing = true;
      this.#in = false;
      this.#say('Password:', '');
    } else if (what === 'login-accepted') this.#refusing = false;
    else throw new Error('an Extron knows front-panel COMMAND; busy; login-refused; login-accepted');
    return this.#flush();
  }

  /** Ties, mutes and presets survive; the session and its verbose mode do not. */
  restart(): readonly Said[] {
    this.closed();
    this.#verbose = this.#firstVerbose;
    this.#banner(BOOT_MS);
    return this.#flush();
  }

  get facts(): Readonly<Record<string, unknown>> {
    const { ties, videoMuted, audioMuted, presets, preset } = this.#matrix;
    const numbered = <T>(values: readonly T[]): Record<string, T> =>
      Object.fromEntries(values.map((value, at) => [String(at + 1), value] as const));
    return {
      power: 'on',
      video: numbered(ties.video),
      audio: numbered(ties.audio),
      videoMuted: numbered(videoMuted),
      audioMuted: numbered(audioMuted),
      presets,
      preset,
      verbose: this.#verbose,
      loggedIn: this.#in,
    };
  }

  #banner(afterMs: number): void {
    const banner = `\r\n\xa9 Copyright 2011, Extron Electronics, ${this.#model}, V${FIRMWARE}, ${PART}\r\nMon, 23 Nov 2026 08:00:00\r\n`;
    this.#say(banner, '', afterMs);
    if (!this.#in) this.#say('\r\nPassword:', '', afterMs);
  }

  /** @returns how many bytes of what is held were used; 0: more is needed. */
  #login(): number {
    const end = this.#held.search(/[\r\n]/);
    if (end < 0) return 0;
    const line = this.#held.slice(0, end);
    if (line === '') return 1;
    this.#in = !this.#refusing && line === this.#password;
    this.#say(this.#in ? '\r\nLogin Administrator' : '\r\nPassword:', this.#in ? '\r\n' : '');
    return end + 1;
  }

  #cut(): number {
    const [command] = COMMAND.exec(this.#held) ?? [];
    if (command !== undefined) {
      this.#answer(command);
      return command.length;
    }
    if (/^[\r\n ]/.test(this.#held)) return 1;
    if (this.#held.startsWith(ESC)) return this.#escape();
    if (BEGUN.test(this.#held)) return 0;
    this.#say('E10');
    // What follows up to the end of the line belongs to it.
    const end = this.#held.search(/[\r\n]/);
    return end < 0 ? this.#held.length : end + 1;
  }

  #escape(): number {
    const end = this.#held.search(/[\r\n]/);
    if (end < 0) return 0;
    const [, mode] = /^([0-3])?CV$/i.exec(this.#held.slice(1, end)) ?? [null, 'wrong'];
    if (mode === 'wrong') this.#say('E10');
    else if (mode === undefined) this.#say(this.#tagged ? `Vrb${this.#verbose}` : String(this.#verbose));
    else {
      this.#verbose = Number(mode);
      this.#say(`Vrb${mode}`);
    }
    return end + 1;
  }

  #answer(command: string): void {
    this.#say(this.#busy ? 'E22' : this.#do(command, this.#tagged));
    this.#busy = false;
  }

  get #tagged(): boolean {
    return this.#verbose >= 2;
  }

  #do(command: string, tagged: boolean): string {
    const [, first, second, verb, single, what, word] = COMMAND.exec(command) ?? [];
    if (word !== undefined) return this.#tell(word.toUpperCase(), tagged);
    if (first !== undefined && verb !== undefined) return this.#change(Number(first), second === undefined ? null : Number(second), verb);
    const number = Number(single);
    const layer = layers[what ?? ''];
    if (layer !== undefined) return this.#matrix.read(number, layer, tagged);
    if (what === '.') return this.#matrix.recall(number);
    if (what === ',') return this.#matrix.save(number);
    return this.#matrix.mute(number, what?.toUpperCase() === 'B' ? 'video' : 'audio', null, tagged);
  }

  #change(first: number, second: number | null, verb: string): string {
    const layer = layers[verb];
    if (layer !== undefined) return this.#matrix.tie(first, second, layer);
    const what = verb.toUpperCase() === 'B' ? 'video' : 'audio';
    if (second === null || second > 1) return 'E13';
    return this.#matrix.mute(first, what, second === 1, true);
  }

  #tell(word: string, tagged: boolean): string {
    const size = `${this.#matrix.inputs}X${this.#matrix.outputs}`;
    if (word === 'I') return `M${size} M${size}`;
    if (word === 'Q') return tagged ? `Ver01*${FIRMWARE}` : FIRMWARE;
    return tagged ? `Pno${PART}` : PART;
  }

  #say(text: string, end = '\r\n', afterMs = 0): void {
    this.#out.push({ bytes: Buffer.from(`${text}${end}`, 'latin1'), afterMs });
  }

  #flush(): readonly Said[] {
    const said = this.#out;
    this.#out = [];
    return said;
  }
}
