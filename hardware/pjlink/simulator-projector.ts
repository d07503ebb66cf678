/** What the simulated projector does and says to each command; without the line it speaks over. */

export type ProjectorPower = 'off' | 'on' | 'cooling' | 'warming';
type Grade = 'ok' | 'warning' | 'error';

export interface Projector {
  readonly class: 1 | 2;
  power: ProjectorPower;
  /** Warming and cooling last until so many more commands have come: a simulator has no clock. */
  left: number;
  input: string;
  videoMuted: boolean;
  audioMuted: boolean;
  frozen: boolean;
  /** Something is plugged in and plays. */
  signal: boolean;
  /** Steps from the middle. */
  volume: number;
  microphone: number;
  errors: Readonly<Record<string, string>>;
}

/** A lamp takes its time: so many commands after a power command. */
const COMMANDS_TO_CHANGE = 4;
const INPUTS_1 = ['11', '31', '32'];
/** Letters only since class 2; 6 is what the projector makes itself. */
const INPUTS_2 = [...INPUTS_1, '3A', '61'];
const INPUT_NAMES: Readonly<Record<string, string>> = {
  '11': 'Computer',
  '31': 'HDMI1',
  '32': 'HDMI2',
  '3A': 'HDBaseT',
  '61': 'USB viewer',
};
const PARTS = ['fan', 'lamp', 'temperature', 'cover', 'filter', 'other'];
const GRADES: readonly Grade[] = ['ok', 'warning', 'error'];
const POWERS: readonly ProjectorPower[] = ['off', 'on', 'cooling', 'warming'];

export const newProjector = (level: 1 | 2): Projector => ({
  class: level,
  power: 'on',
  left: 0,
  input: '31',
  videoMuted: false,
  audioMuted: false,
  frozen: false,
  signal: true,
  volume: 0,
  microphone: 0,
  errors: Object.fromEntries(PARTS.map((part) => [part, 'ok'])),
});

const DONE = 'OK';
const UNDEFINED = 'ERR1';
const PARAMETER = 'ERR2';
const NOT_NOW = 'ERR3';

/** The lamp comes a step nearer to where it goes. */
export function tick(projector: Projector): void {
  if (projector.power !== 'warming' && projector.power !== 'cooling') return;
  if (projector.left > 0) projector.left--;
  else projector.power = projector.power === 'warming' ? 'on' : 'off';
}

/** The reply to `%1POWR ?`, without terminator; null: it says nothing to what is no command. */
export function obeyed(projector: Projector, line: string): string | null {
  const [, level, word, parameter] = /^%([12])([0-9A-Z]{4}) (.{0,128})$/i.exec(line) ?? [];
  if (level === undefined || word === undefined || parameter === undefined) return null;
  const name = word.toUpperCase();
  const reply = Number(level) > projector.class ? UNDEFINED : said(projector, level, name, parameter);
  return `%${level}${name}=${reply}`;
}

function said(projector: Projector, level: string, name: string, parameter: string): string {
  const constant = (level === '1' ? CONSTANTS_1 : CONSTANTS_2)[name];
  if (constant !== undefined) return parameter === '?' ? constant : PARAMETER;
  switch (`${level}${name}`) {
    case '1CLSS':
      return parameter === '?' ? String(projector.class) : PARAMETER;
    case '1POWR':
      return power(projector, parameter);
    case '1INPT':
      return input(projector, parameter, INPUTS_1);
    case '2INPT':
      return input(projector, parameter, INPUTS_2);
    case '1AVMT':
      return mute(projector, parameter);
    case '1ERST':
      return parameter === '?' ? errors(projector) : PARAMETER;
    case '1LAMP':
      return parameter === '?' ? `1234 ${projector.power === 'on' || projector.power === 'warming' ? 1 : 0}` : PARAMETER;
    case '2INNM':
      return INPUT_NAMES[parameter.replace(/^\?/, '')] ?? PARAMETER;
    case '2IRES':
      return parameter !== '?' ? PARAMETER : whenOn(projector, () => (projector.signal ? '1920x1080' : '-'));
    case '2FREZ':
      if (parameter === '?') return whenOn(projector, () => (projector.frozen ? '1' : '0'));
      return whenOn(projector, () =>
        flag(parameter, (on) => {
          projector.frozen = on;
        }),
      );
    case '2SVOL':
      return whenOn(projector, () =>
        flag(parameter, (up) => {
          projector.volume += up ? 1 : -1;
        }),
      );
    case '2MVOL':
      return whenOn(projector, () =>
        flag(parameter, (up) => {
          projector.microphone += up ? 1 : -1;
        }),
      );
    default:
      return UNDEFINED;
  }
}

/** What never changes: name, maker, model, other, inputs; serial number, software, resolution, filter, spare parts. */
const CONSTANTS_1: Readonly<Record<string, string>> = {
  NAME: 'Meeting room',
  INF1: 'EPSON',
  INF2: 'EB-L520U',
  INFO: '1.07',
  INST: INPUTS_1.join(' '),
};
const CONSTANTS_2: Readonly<Record<string, string>> = {
  SNUM: 'X4JS1234567',
  SVER: '1.07',
  INST: INPUTS_2.join(' '),
  RRES: '1920x1200',
  FILT: '850',
  RLMP: 'ELPLP96',
  RFIL: 'ELPAF60',
};

const whenOn = (projector: Projector, run: () => string): string => (projector.power === 'on' ? run() : NOT_NOW);

function flag(parameter: string, set: (on: boolean) => void): string {
  if (parameter !== '0' && parameter !== '1') return PARAMETER;
  set(parameter === '1');
  return DONE;
}

function power(projector: Projector, parameter: string): string {
  if (parameter === '?') return String(POWERS.indexOf(projector.power));
  if (parameter !== '0' && parameter !== '1') return PARAMETER;
  if (projector.power === 'warming' || projector.power === 'cooling') return NOT_NOW;
  const on = parameter === '1';
  if (on !== (projector.power === 'on')) switchTo(projector, on);
  return DONE;
}

/** Begins to warm or to cool. */
export function switchTo(projector: Projector, on: boolean): void {
  projector.power = on ? 'warming' : 'cooling';
  projector.left = COMMANDS_TO_CHANGE;
}

function input(projector: Projector, parameter: string, inputs: readonly string[]): string {
  return whenOn(projector, () => {
    if (parameter === '?') return projector.input;
    const wanted = parameter.toUpperCase();
    if (!inputs.includes(wanted)) return PARAMETER;
    projector.input = wanted;
    return DONE;
  });
}

/** First digit: 1 picture, 2 sound, 3 both; second: 1 muted, 0 not. */
function mute(projector: Projector, parameter: string): string {
  return whenOn(projector, () => {
    if (parameter === '?') {
      if (projector.videoMuted === projector.audioMuted) return projector.videoMuted ? '31' : '30';
      return projector.videoMuted ? '11' : '21';
    }
    if (!/^[123][01]$/.test(parameter)) return PARAMETER;
    const on = parameter.endsWith('1');
    if (!parameter.startsWith('2')) projector.videoMuted = on;
    if (!parameter.startsWith('1')) projector.audioMuted = on;
    return DONE;
  });
}

function errors(projector: Projector): string {
  return PARTS.map((part) => Math.max(0, GRADES.indexOf((projector.errors[part] ?? 'ok') as Grade))).join('');
}

/** What a class 2 projector tells by itself of the way from `before` to `after`. */
export function notice(before: Projector, after: Projector): readonly string[] {
  if (after.class !== 2) return [];
  const news: string[] = [];
  if (before.power !== after.power) news.push(`%2POWR=${POWERS.indexOf(after.power)}`);
  if (before.input !== after.input) news.push(`%2INPT=${after.input}`);
  if (errors(before) !== errors(after)) news.push(`%2ERST=${errors(after)}`);
  return news;
}
