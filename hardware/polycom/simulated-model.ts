/** Which Polycom is simulated, and which of the odd ways of real ones it has. */

export interface Model {
  /** As `whoami` and `systemsetting get model` tell it. */
  readonly model: string;
  readonly firmware: string;
  readonly serial: string;
  /** HDX: echoes each command, ended LF CR, and is silent when somebody connects without a login. */
  readonly hdx: boolean;
  /** `-> command` comes one exchange late. */
  readonly lateEcho: boolean;
  /** Greeting and introduction come inside the reply to the first command. */
  readonly lateGreeting: boolean;
  /** What stands in `callinfo` for the far name: it, an empty field, or no field at all. */
  readonly name: 'told' | 'empty' | 'missing';
  readonly crcrlf: boolean;
  /** `dialing manual "10.0.0.9"` instead of `dialing manual`. */
  readonly dialAddress: boolean;
  /** `vcbutton play` without `Control event: `. */
  readonly bareVcbutton: boolean;
  /** How long a hang-up takes to be reported. */
  readonly hangupMs: number;
  /** The far end is not there at once: see `far answers`. */
  readonly slowFar: boolean;
}

const HANGUP_MS = 15_000;

/**
 * Of words in any order: `hdx`, `group`, `g7500`; `late-echo`, `late-greeting`, `name-empty`, `name-missing`, `crcrlf`, `dial-address`,
 * `bare-vcbutton`, `slow-far`, `slow-hangup` (15 s) or `slow-hangup=MS`. Unknown words are part of a model's name and say nothing.
 */
export function modelOf(text: string): Model {
  const words = text.toLowerCase().split(/[\s,+]+/);
  const has = (word: string): boolean => words.includes(word);
  const hdx = words.some((word) => word.startsWith('hdx'));
  const slow = words.map((word) => /^slow-hangup(?:=(\d+))?$/.exec(word)).find((match) => match !== null);
  return {
    ...identity(hdx, has('g7500')),
    hdx,
    lateEcho: has('late-echo'),
    lateGreeting: has('late-greeting'),
    name: has('name-empty') ? 'empty' : has('name-missing') ? 'missing' : 'told',
    crcrlf: has('crcrlf'),
    dialAddress: has('dial-address'),
    bareVcbutton: has('bare-vcbutton'),
    hangupMs: slow === undefined || slow === null ? 0 : Number(slow[1] ?? HANGUP_MS),
    slowFar: has('slow-far'),
  };
}

function identity(hdx: boolean, g7500: boolean): Pick<Model, 'model' | 'firmware' | 'serial'> {
  if (hdx) return { model: 'HDX 8000 HD', firmware: 'Release - 3.1.14-59040', serial: '8212090B47A8CV' };
  if (g7500) return { model: 'Poly G7500', firmware: 'Release - 4.1.0-383128', serial: '8G2012C1F7E4DP' };
  return { model: 'RealPresence Group 500', firmware: 'Release - 6.2.2-560117', serial: '8215350E1A6CCX' };
}

/** What it says of itself to whoever comes in, and to `whoami`. */
export const introduction = ({ model, firmware, serial }: Model, calls: number): readonly string[] => [
  'Here is what I know about myself:',
  `Model: ${model}`,
  `Serial Number: ${serial}`,
  `Software Version: ${firmware}`,
  'Build Information: build on release-linux',
  'Contact Number: <empty>',
  'Time In Last Call: 0:12:07',
  'Total Time In Calls: 311:02:45',
  `Total Calls: ${1027 + calls}`,
  'SNTP Time Service: auto pool',
  'Local Time is: Mon, 23 Nov 2026 08:00:00 +0700',
  'Network Interface: NONE',
  'IP Video Number: 10.20.30.40',
  'MP Enabled: true',
  'H323 Enabled: true',
  'FTP Enabled: false',
  'HTTP Enabled: true',
  'SNMP Enabled: true',
];

export const GREETING = 'Hi, my name is : Phong hop 1';
