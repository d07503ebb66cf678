/** Asks an unknown device on a serial line who it is. */
import type { Port } from '../../../hardware/wire/port.ts';
import { type Clock, sleep } from '../../../protocol/clock.ts';
import { FaultError } from '../../../protocol/fault.ts';
import { type Identity, type Question, rounds } from './questions.ts';

/** A device that understood begins to answer within this. */
const FIRST_MS = 500;
/** And has said all when it says nothing for so long. */
const QUIET_MS = 120;
const MOST_BYTES = 16_384;
/** Something that speaks without end (a meter, a receiver of satellites) is listened to for no longer; a codec has said who it is by then. */
const LONGEST_MS = 3000;
/** A line that takes nothing: its other end holds it up. */
const WRITE_MS = 1000;

export interface Found extends Identity {
  readonly baud: number;
}

/** @param open the port at a speed. Null: nobody answered in a language we know, or the line broke or is in use. */
export async function identify(open: (baud: number) => Port, clock: Clock, signal: AbortSignal): Promise<Found | null> {
  try {
    for (const { baud, questions } of rounds) {
      const identity = await round(open(baud), questions, clock, signal);
      if (identity !== null) return { ...identity, baud };
      if (signal.aborted) return null;
    }
  } catch (error) {
    // The port is in use, has gone, or cannot be opened by us: it is looked at again when it comes anew.
    if (!(error instanceof FaultError)) throw error;
  }
  return null;
}

async function round(port: Port, questions: readonly Question[], clock: Clock, signal: AbortSignal): Promise<Identity | null> {
  let heard: Uint8Array[] = [];
  let bytes = 0;
  let lastAt = clock.mono();
  let over = false;
  const line = await port.open({
    data: (piece) => {
      if (bytes < MOST_BYTES) heard.push(piece);
      bytes += piece.length;
      lastAt = clock.mono();
    },
    ended: () => {
      over = true;
    },
  });
  try {
    for (const { ask, judge } of questions) {
      heard = [];
      bytes = 0;
      const askedAt = clock.mono();
      lastAt = askedAt;
      if (!(await within(WRITE_MS, line.write(ask), clock))) return null;
      const waits = (): boolean => clock.mono() - lastAt < (bytes === 0 ? FIRST_MS : QUIET_MS) && clock.mono() - askedAt < LONGEST_MS;
      while (!over && !signal.aborted && waits() && bytes < MOST_BYTES) await sleep(clock, 20, 'a device answers');
      if (over || signal.aborted) return null;
      const identity = judge(Buffer.concat(heard));
      if (identity !== null) return identity;
    }
    return null;
  } finally {
    await within(WRITE_MS, line.close(), clock);
  }
}

/** Whether it is done in time: lines that are held up by their other end may hang. @throws FaultError `device.gone` */
async function within(ms: number, done: Promise<void>, clock: Clock): Promise<boolean> {
  const patience = new AbortController();
  const late = sleep(clock, ms, 'a line is waited for', patience.signal).then(() => false);
  try {
    return await Promise.race([done.then(() => true), late]);
  } finally {
    patience.abort();
  }
}
