/** Asks an unknown device on a serial line who it is. */
import type { Port } from '../../../hardware/wire/port.ts';
import { type Clock, sleep } from '../../../protocol/clock.ts';
import { FaultError } from '../../../protocol/fault.ts';
import { type Identity, type Question, rounds } from './questions.ts';

/** Time is counted in turns of this length: while we ourselves were kept waiting, we did not listen either. */
const TURN_MS = 20;
/** A device that understood begins to answer within 500 ms, */
const FIRST_TURNS = 25;
/** and has said all when it says nothing for 120. */
const QUIET_TURNS = 6;
const MOST_BYTES = 16_384;
/** Something that speaks without end (a meter, a receiver of satellites) is listened to for no longer; a codec has said who it is by then. */
const LONGEST_TURNS = 150;
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
  let before: Uint8Array = new Uint8Array(0);
  let bytes = 0;
  let silent = 0;
  let over = false;
  const line = await port.open({
    data: (piece) => {
      if (bytes < MOST_BYTES) heard.push(piece);
      bytes += piece.length;
      silent = 0;
    },
    ended: () => {
      over = true;
    },
  });
  try {
    for (const [at, { ask }] of questions.entries()) {
      heard = [];
      bytes = 0;
      silent = 0;
      if (!(await within(WRITE_MS, line.write(ask), clock))) return null;
      const waits = (): boolean => silent < (bytes === 0 ? FIRST_TURNS : QUIET_TURNS) && bytes < MOST_BYTES;
      for (let turns = 0; !over && !signal.aborted && waits() && turns < LONGEST_TURNS; turns++) {
        silent += 1;
        await sleep(clock, TURN_MS, 'a device answers');
      }
      if (over || signal.aborted) return null;
      // A slow device answers what was asked before, or begins and goes on later.
      const now = Buffer.concat(heard);
      const identity = firstOf(questions.slice(0, at + 1).toReversed(), Buffer.concat([before, now]));
      if (identity !== null) return identity;
      before = now;
    }
    return null;
  } finally {
    await within(WRITE_MS, line.close(), clock);
  }
}

function firstOf(questions: readonly Question[], answer: Uint8Array): Identity | null {
  for (const { judge } of questions) {
    const identity = judge(answer);
    if (identity !== null) return identity;
  }
  return null;
}

/** Whether it is done in time: lines that are held up by their other end may hang. @throws FaultError `device.gone` */
async function within(ms: number, done: Promise<void>, clock: Clock): Promise<boolean> {
  const patience = new AbortController();
  // After a halt of our own, what was done meanwhile is heard of before the last turn is over.
  const late = sleep(clock, ms, 'a line is waited for', patience.signal)
    .then(() => sleep(clock, TURN_MS, 'a last turn', patience.signal))
    .then(() => false);
  try {
    return await Promise.race([done.then(() => true), late]);
  } finally {
    patience.abort();
  }
}
