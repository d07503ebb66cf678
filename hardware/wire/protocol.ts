/** What a driver is: bytes to messages, and what to say when. It holds the session's knowledge and no timer, no port and no retry: those are the Device's. */
import type { Clock } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { Capability, DeviceAct, DeviceInfo, DeviceState } from '../../protocol/schema/device.ts';
import type { Question } from './exchange.ts';
import type { Framer } from './framing.ts';

/** What a driver may do with the line it was given. */
export interface Talk<M> {
  /** @throws FaultError and Superseded as Exchange.ask does. */
  readonly ask: <R>(question: Question<M, R>) => Promise<R>;
  /** What is known of the device now. */
  readonly tell: (patch: Partial<DeviceState>) => void;
  readonly inform: (info: Partial<DeviceInfo>) => void;
  readonly state: () => DeviceState;
  readonly clock: Clock;
  readonly log: Log;
}

/** `completed`: the device said that it is done. `accepted`: it took the command, or never answers any. */
export type Did = 'completed' | 'accepted';

/** Of one line: a new one is made for each connection, so that nothing is remembered that a restart has changed. */
export interface Protocol<M> {
  readonly framer: Framer<M>;
  /** What this device can do. Read again after `begin`, which may have learned more. */
  readonly capabilities: readonly Capability[];
  /** Logs in, sets the session up, asks for feedback, asks for everything once. @throws FaultError `device.login` when it refuses us. */
  begin(talk: Talk<M>): Promise<void>;
  /** Carries out one act of `capabilities`; motion is stopped by `halt`. */
  act(talk: Talk<M>, act: DeviceAct): Promise<Did>;
  /** Asks for what the device does not tell by itself, at least for a sign of life. */
  poll(talk: Talk<M>): Promise<void>;
  /** A message that answered no question. */
  heard(talk: Talk<M>, message: M): void;
  /** Stops every motion. Null: it cannot move. */
  readonly halt: ((talk: Talk<M>) => Promise<void>) | null;
}

/** How a make wants to be treated. */
export interface Manners {
  /** Least time from an answer to the next command. */
  readonly gapMs: number;
  readonly pollMs: number;
  /** Logging in and asking everything must be done by then. */
  readonly beginMs: number;
}
