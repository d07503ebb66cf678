/** What a camera's events mean to us: its picture is gone, somebody turned it away, something moves. Pure. Source: ONVIF Event and Imaging specifications. */
import type { PictureTrouble } from '../wire/device.ts';
import { type Element, find, findAll, textBelow } from './xml.ts';

export type AlarmKind = 'signal' | 'tamper' | 'motion' | 'failure';

export interface Alarm {
  readonly kind: AlarmKind;
  readonly active: boolean;
  /** Token of the video source, rule and so on, as the camera names it. */
  readonly source: string;
  /** Without prefixes: `VideoSource/SignalLoss`. */
  readonly topic: string;
}

const TOPICS: readonly (readonly [RegExp, AlarmKind])[] = [
  [/SignalLoss|VideoLoss/i, 'signal'],
  [/GlobalSceneChange|Tamper|ImageToo(?:Dark|Bright|Blurry)/i, 'tamper'],
  [/HardwareFailure/i, 'failure'],
  [/Motion/i, 'motion'],
];
/** Which item of the data is the alarm, best first; without one of these, the only one that is a truth value. */
const STATES = ['state', 'istamper', 'ismotion', 'issignalloss', 'failed', 'alarm', 'value'];
const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** Of PullMessagesResponse; what is not understood is left out. */
export const alarms = (answer: Element): readonly Alarm[] => findAll(answer, 'notificationmessage').flatMap((each) => alarm(each) ?? []);

function alarm(notification: Element): Alarm | null {
  const topic = textBelow(notification, 'topic')
    .replace(/\s+/g, '')
    .replace(/[^/:]*:/g, '')
    .slice(0, 120);
  const kind = TOPICS.find(([pattern]) => pattern.test(topic))?.[1];
  if (kind === undefined) return null;
  // <Message><Message UtcTime PropertyOperation>: the outer belongs to the transport.
  const outer = find(notification, 'message');
  const message = find(outer, 'message') ?? outer;
  const state = truth(items(find(message, 'data')));
  const deleted = message?.attributes.get('propertyoperation')?.toLowerCase() === 'deleted';
  if (state === null && !deleted) return null;
  const source = items(find(message, 'source'))
    .map(([, value]) => value)
    .join(' ')
    .slice(0, 60);
  return { kind, active: state === true && !deleted, source, topic };
}

const items = (element: Element | null): readonly (readonly [string, string])[] =>
  findAll(element, 'simpleitem').map(({ attributes }) => [attributes.get('name') ?? '', attributes.get('value') ?? '']);

function truth(data: readonly (readonly [string, string])[]): boolean | null {
  const truths = data.flatMap(([name, value]) => {
    const state = TRUTHS.get(value.trim().toLowerCase());
    return state === undefined ? [] : [{ name: name.toLowerCase(), state }];
  });
  const named = STATES.map((name) => truths.find((each) => each.name === name)).find((each) => each !== undefined);
  return (named ?? (truths.length === 1 ? truths[0] : undefined))?.state ?? null;
}

const keyOf = ({ topic, source }: Alarm): string => `${topic} ${source}`;
const KEPT_MAX = 256;
/** Of the kind `tamper`, and still a picture that is better than none: a room with its lights out. */
const STILL_A_PICTURE = /ImageToo/i;

/** Which alarms stand. Changes come out once, however often a camera says the same. */
export class AlarmBook {
  readonly #standing = new Map<string, Alarm>();
  #doubtful = new Set<string>();

  /** The alarms of `told` that are news. */
  take(told: readonly Alarm[]): readonly Alarm[] {
    return told.filter((each) => {
      const key = keyOf(each);
      this.#doubtful.delete(key);
      const before = this.#standing.get(key);
      if (before === undefined && this.#standing.size >= KEPT_MAX) return false;
      this.#standing.set(key, each);
      return each.active !== (before?.active ?? false);
    });
  }

  /** A new subscription: the camera will say all that stands again. */
  renewed(): void {
    this.#doubtful = new Set(this.#standing.keys());
  }

  /** What it has not said again is over; answers the ends. */
  settled(): readonly Alarm[] {
    const over = [...this.#doubtful].flatMap((key) => this.#standing.get(key) ?? []).map((each) => ({ ...each, active: false }));
    this.#doubtful = new Set();
    return this.take(over);
  }

  /** Why its picture is not worth showing, as the camera sees it; null: it does not say so. */
  pictureTrouble(): PictureTrouble | null {
    const standing = [...this.#standing.values()].filter(({ active, topic }) => active && !STILL_A_PICTURE.test(topic));
    if (standing.some(({ kind }) => kind === 'signal')) return 'signal lost';
    return standing.some(({ kind }) => kind === 'tamper') ? 'tampered with' : null;
  }

  /** For people. Motion is no complaint: in a room with people in it, it always is. */
  complaints(): readonly string[] {
    return [...this.#standing.values()]
      .filter(({ active, kind }) => active && kind !== 'motion')
      .map(({ topic, source }) => `${topic}${source === '' ? '' : ` (${source})`}`.slice(0, 200))
      .slice(0, 32);
  }
}
