/**
 * What is asked of an unknown device on a serial line, and what its answers say. Pure. Everything asked here only reads: no session is begun,
 * no call, picture or setting is touched. Codecs come first; a device that is asked in a foreign language says "not recognised" or nothing.
 */
import { mdcFramer } from '../../../hardware/mdc/codec.ts';
import { readVersion } from '../../../hardware/visca/answers.ts';
import type { DriverName } from '../../../protocol/drivers.ts';
import type { DeviceInfo } from '../../../protocol/schema/device.ts';

export interface Identity {
  readonly driver: DriverName;
  readonly address: number;
  readonly info: DeviceInfo;
  readonly needsLogin: boolean;
}

export interface Question {
  readonly ask: Uint8Array;
  /** Null: these bytes are not an answer that says who it is. */
  readonly judge: (answer: Uint8Array) => Identity | null;
}

const nobody: DeviceInfo = { make: '', model: '', firmware: '', serial: '' };
const text = (line: string): Uint8Array => Buffer.from(line, 'latin1');
const read = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
/** What a device says of itself goes to people: one line, no control characters. */
const clean = (value: string | undefined): string =>
  (value ?? '')
    .replace(/[^\x20-\x7e\xa0-\xff]/g, '')
    .trim()
    .slice(0, 200);
const found = (driver: DriverName, info: Partial<DeviceInfo>, more: Partial<Identity> = {}): Identity => ({
  driver,
  address: 1,
  needsLogin: false,
  info: { ...nobody, ...info },
  ...more,
});

/** A prompt stands at the end, without a line end: nothing is told before somebody logs in. */
function prompt(answer: string): Identity | null {
  if (/login: ?$/.test(answer)) return found('xapi', { make: 'Cisco' }, { needsLogin: true });
  if (/(?:^|[\r\n])(?:User|Password): ?$/.test(answer)) return found('polycom', { make: 'Polycom' }, { needsLogin: true });
  return null;
}

/** TC and CE repeat the path on each line, MXP indents what belongs to the header. */
function systemUnit(answer: string): Identity | null {
  const flat = (leaf: string): string | undefined => new RegExp(`^\\*s SystemUnit ${leaf}: "?([^"\\r\\n]*)`, 'mi').exec(answer)?.[1];
  const model = flat('ProductId');
  if (model !== undefined)
    return found('xapi', {
      make: 'Cisco',
      model: clean(model).replace(/^Cisco (?:TelePresence )?/i, ''),
      firmware: clean(flat('Software Version')),
      serial: clean(flat('Hardware Module SerialNumber')),
    });
  if (!/^\*s SystemUnit\b/m.test(answer)) return null;
  const leaf = (name: string): string | undefined => new RegExp(`^\\s+${name}: "?([^"\\r\\n]*)`, 'mi').exec(answer)?.[1];
  return found('xacli', {
    make: 'TANDBERG',
    model: clean(leaf('ProductId')).replace(/^TANDBERG /i, ''),
    firmware: clean(leaf('Version')),
    serial: clean(leaf('SerialNumber')),
  });
}

function introduction(answer: string): Identity | null {
  const line = (name: string): string | undefined => new RegExp(`^${name}: *([^\\r\\n]*)`, 'm').exec(answer)?.[1];
  const [model, serial] = [line('Model'), line('Serial Number')];
  // Many a machine that starts prints its model.
  if (model === undefined || (serial === undefined && !/what I know about myself/i.test(answer))) return null;
  return found('polycom', {
    make: 'Polycom',
    model: clean(model),
    firmware: clean(line('Software Version')),
    serial: clean(serial),
  });
}

/** `z0 50`, seven bytes of version, `FF`. */
function viscaVersion(answer: Uint8Array): Identity | null {
  const begins = (byte: number, at: number): boolean =>
    byte >= 0x90 && (byte & 15) === 0 && answer[at + 1] === 0x50 && answer[at + 9] === 0xff;
  const at = answer.findIndex(begins);
  const version = at < 0 ? null : readVersion([...answer.subarray(at + 2, at + 9)]);
  return version === null ? null : found('visca', version, { address: ((answer[at] ?? 0x90) >> 4) - 8 });
}

/** A whole frame, its sum right: noise of a line at another speed has many an `AA FF`. */
function mdcAnswer(answer: Uint8Array): Identity | null {
  const [message] = mdcFramer().push(answer);
  return message === undefined ? null : found('mdc', { make: 'Samsung' }, { address: message.id });
}

const lgAnswer = (answer: string): Identity | null => {
  const [, id] = /[a-z] ([0-9A-Fa-f]{2}) (?:OK|NG)[0-9A-Fa-f]*x/.exec(answer) ?? [];
  return id === undefined ? null : found('lg', { make: 'LG' }, { address: Number.parseInt(id, 16) });
};

const words = (judge: (answer: string) => Identity | null) => (bytes: Uint8Array) => judge(read(bytes));

const codecs: readonly Question[] = [
  { ask: text('\r'), judge: words(prompt) },
  { ask: text('xStatus SystemUnit\r'), judge: words((answer) => systemUnit(answer) ?? prompt(answer)) },
  { ask: text('whoami\r'), judge: words((answer) => introduction(answer) ?? prompt(answer)) },
];
const others: readonly Question[] = [
  { ask: Uint8Array.of(0x81, 0x09, 0x00, 0x02, 0xff), judge: viscaVersion },
  // Displays leave the factory as number 0 or 1; one that is asked as another says nothing.
  { ask: Uint8Array.of(0xaa, 0x11, 0x00, 0x00, 0x11), judge: mdcAnswer },
  { ask: Uint8Array.of(0xaa, 0x11, 0x01, 0x00, 0x12), judge: mdcAnswer },
  { ask: text('ka 01 FF\r'), judge: words(lgAnswer) },
];

/** What is asked at which speed, in order: codecs at the speeds that they leave the factory with, then what speaks 9600 only. */
export const rounds: readonly { readonly baud: number; readonly questions: readonly Question[] }[] = [
  { baud: 38_400, questions: codecs },
  { baud: 115_200, questions: codecs },
  { baud: 9600, questions: [...codecs, ...others] },
];
