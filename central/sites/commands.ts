/** Acts done once, by the process of a node that runs now, and how they went. */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Act, CommandResult } from '../../protocol/schema/command.ts';
import type { Downlink } from '../broker/contract.ts';
import type { NodeFacts } from '../telemetry/facts.ts';

export interface CommandsParts {
  readonly facts: (node: string) => NodeFacts | undefined;
  readonly downlink: Downlink;
  readonly clock: Clock;
}

type Outcome = CommandResult['body'];

interface Waiting {
  readonly node: string;
  readonly resolve: (outcome: Outcome) => void;
  readonly timer: Timer;
}

/** A command that has not arrived by then is not carried out. */
const EXPIRES_MS = 10_000;
/** What a device may take over it, besides. */
const PATIENCE_MS = 20_000;
/** A move is renewed several times a second: whoever waited long for each would hold all the connections that a browser has. */
const MOVE_PATIENCE_MS = 2000;

export class Commands {
  readonly #parts: CommandsParts;
  readonly #waiting = new Map<string, Waiting>();

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  /** Sends it; how it went stands in the event log. @throws FaultError `unreachable` when the node is not there. */
  send(node: string, act: Act): Promise<void> {
    return this.#publish(node, this.#boot(node), randomUUID(), act);
  }

  /** Sends it and waits for how it went. @throws FaultError `unreachable` when the node is not there, or does not say: it may have done it. */
  async run(node: string, act: Act): Promise<Outcome> {
    const { clock } = this.#parts;
    const session = this.#boot(node);
    const id = randomUUID();
    const patience = act.do === 'device' && act.act.do === 'move' ? MOVE_PATIENCE_MS : PATIENCE_MS;
    const outcome = new Promise<Outcome>((resolve, reject) => {
      const timer = clock.after(patience, `${node} answers`, () => {
        this.#waiting.delete(id);
        const because = `no answer within ${patience / 1000} s; it may have been done`;
        reject(new FaultError({ code: 'unreachable', what: node, because }));
      });
      this.#waiting.set(id, { node, resolve, timer });
    });
    // Whoever waits hears of it; until then a rejection must not count as unhandled.
    outcome.catch(() => undefined);
    await this.#publish(node, session, id, act);
    return outcome;
  }

  /** The process start that it is meant for. */
  #boot(node: string): string {
    const known = this.#parts.facts(node);
    if (known?.connected && known.boot !== null) return known.boot;
    throw new FaultError({ code: 'unreachable', what: node, because: known?.because || 'it is not connected' });
  }

  async #publish(node: string, session: string, id: string, act: Act): Promise<void> {
    const { downlink, clock, facts } = this.#parts;
    // By the clock of the node, which may be wrong.
    const expires = Math.max(0, Math.round(clock.now() + (facts(node)?.aheadMs ?? 0) + EXPIRES_MS));
    await downlink.publish(node, 'cmd', { id, session, expires, act });
  }

  /** A node says how it went. Of what nobody waits for, and of others' commands, nothing follows. */
  result(node: string, outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.id);
    if (waiting === undefined || waiting.node !== node) return;
    this.#waiting.delete(outcome.id);
    waiting.timer.cancel();
    waiting.resolve(outcome);
  }

  stop(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }
}
