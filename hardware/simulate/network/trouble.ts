/** What a simulated path does to packets: loses, delays, narrows them or lets none through. Pure; time and chance are given. */

export interface Trouble {
  readonly cut: boolean;
  /** Each way. */
  readonly delayMs: number;
  /** Share that vanishes, 0 to 1. */
  readonly loss: number;
  /** Rate each way; null: no limit. Beyond 200 ms of waiting packets are lost, as in a router. */
  readonly kbps: number | null;
}

export const noTrouble: Trouble = { cut: false, delayMs: 0, loss: 0, kbps: null };

const QUEUE_MS = 200;
/** IP and UDP headers, which a narrow line carries too. */
const HEADERS = 28;

/** One direction of a path; `freeAt` is when its line has sent what waits (monotonic ms). */
export interface Line {
  readonly freeAt: number;
}

export const idleLine: Line = { freeAt: 0 };

/** How long the packet is under way in ms, null when it never arrives; and the line behind it. @param chance in [0, 1). */
export function carry(
  line: Line,
  trouble: Trouble,
  bytes: number,
  at: number,
  chance: number,
): { readonly line: Line; readonly ms: number | null } {
  const { cut, delayMs, loss, kbps } = trouble;
  if (cut || chance < loss) return { line, ms: null };
  if (kbps === null) return { line, ms: delayMs };
  const start = Math.max(at, line.freeAt);
  if (start - at > QUEUE_MS) return { line, ms: null };
  const freeAt = start + ((bytes + HEADERS) * 8) / kbps;
  return { line: { freeAt }, ms: freeAt - at + delayMs };
}

/** Reads an order: `cut`, `heal`, `delay MS`, `loss PERCENT`, `narrow KBPS`. @throws Error that says what is understood. */
export function ordered(now: Trouble, order: string): Trouble {
  const [verb = '', value = ''] = order.trim().split(/\s+/);
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (verb === 'cut') return { ...now, cut: true };
  if (verb === 'heal') return noTrouble;
  if (verb === 'delay' && number <= 5000) return { ...now, delayMs: number };
  if (verb === 'loss' && number <= 100) return { ...now, loss: number / 100 };
  if (verb === 'narrow' && number >= 8) return { ...now, kbps: number };
  throw new Error(`${order.trim() || 'an empty line'} is no order; there are: cut, heal, delay MS, loss PERCENT, narrow KBPS`);
}

/** The longest trouble that ends by itself. */
const FOR_MAX_S = 3600;

/** An order that ends by itself: `cut for 15` (seconds). Null: it stands until another comes. @throws Error that says what is understood. */
export function timed(order: string): { readonly order: string; readonly forMs: number | null } {
  const [, what, seconds] = /^(.*\S)\s+for\s+(\S+)\s*$/.exec(order) ?? [];
  if (what === undefined || seconds === undefined) return { order, forMs: null };
  const value = /^\d+(\.\d+)?$/.test(seconds) ? Number(seconds) : Number.NaN;
  if (value > 0 && value <= FOR_MAX_S) return { order: what, forMs: value * 1000 };
  throw new Error(`${seconds} is no time; it takes seconds, ${FOR_MAX_S} at most`);
}
