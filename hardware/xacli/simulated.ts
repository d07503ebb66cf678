/** What a simulated MXP codec reads and writes: words, abbreviations, arguments, call statuses. Pure. */

export interface Call {
  readonly slot: number;
  status: 'Dialling' | 'Alerting' | 'AwaitInCnf' | 'EstablIn' | 'EstablOut' | 'Synced' | 'ClearOut' | 'Disconnected';
  readonly incoming: boolean;
  readonly number: string;
  readonly rate: number;
}

/**
 * `incoming NUMBER`, `answer` (here or there), `hang-up`, what the far end does when it is called, `command-fails` (the next one),
 * `echo on` and `echo off`.
 */
export const happenings = [
  'incoming',
  'answer',
  'hang-up',
  'far-end answers',
  'far-end rings',
  'far-end busy',
  'command-fails',
  'echo on',
  'echo off',
] as const;
export type Happening = (typeof happenings)[number];

/** Words of a line; what stands in quotes is one word or part of one. */
export const readWords = (line: string): readonly string[] =>
  Array.from(line.matchAll(/(?:[^\s"]|"[^"]*"?)+/g), ([word]) => word.replaceAll('"', ''));

/** Whether `word` is `name` or an abbreviation of it with at least `least` letters. */
export function fits(word: string, name: string, least: number): boolean {
  const said = word.toLowerCase();
  return said.length >= Math.min(least, name.length) && name.startsWith(said);
}

/** By name (`callrate:256`, `callrate: 256`) or by place. */
export function argumentsOf(words: readonly string[], names: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  let place = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const colon = word.indexOf(':');
    const name = names.find((each) => each === word.slice(0, Math.max(0, colon)).toLowerCase());
    if (name !== undefined) found[name] = colon < word.length - 1 ? word.slice(colon + 1) : (words[++at] ?? '');
    else {
      const next = names[place++];
      if (next !== undefined) found[next] = word;
    }
  }
  return found;
}

/** Of `status/call` and `status/call[@status="Synced"]`, quotes or not; null: there is no such feedback. */
export function feedbackOf(expression: string): { readonly status: string | null } | null {
  const found = /^\/?status\/call(?:\[@status=([A-Za-z]+)\])?$/i.exec(expression.replaceAll('"', ''));
  return found === null ? null : { status: found[1] ?? null };
}

export function callBlock({ slot, status, incoming, number, rate }: Call): readonly string[] {
  if (status === 'Disconnected') return [`*s Call ${slot} (status=Disconnected, type=NA, protocol=NA, direction=NA):`, '*s/end'];
  const way = incoming ? 'Incoming' : 'Outgoing';
  return [
    `*s Call ${slot} (status=${status}, type=Vtlph, protocol=H323, direction=${way}):`,
    `  CallRate: ${rate}`,
    `  RemoteNumber: "${number}"`,
    '  Mute: Off',
    '  Channels 1 (type=Outgoing):',
    `    Rate: ${rate}`,
    '*s/end',
  ];
}
