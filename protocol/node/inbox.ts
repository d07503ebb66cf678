/** What central says to this node, checked: desired states, commands done once, acknowledgements. Bad messages are counted and logged once. */
import { type Decoder, decoder } from '../decode.ts';
import { brief, type Fault } from '../fault.ts';
import type { Log } from '../log.ts';
import { type Act, Command, type CommandResult } from '../schema/command.ts';
import { Desired } from '../schema/desired.ts';
import { Ack } from '../schema/reported.ts';
import { type DownKind, parseTopic } from '../topic.ts';
import type { Incoming } from './mqtt-link.ts';

/** How a command went. */
export type Outcome = Pick<CommandResult['body'], 'outcome' | 'because' | 'device'>;

export interface InboxHandlers {
  desired(message: Desired): void;
  /** Does it; the promise tells how it went. Called once for each command id. */
  command(act: Act): Promise<Outcome>;
  acked(boot: string, seq: number): void;
  result(body: CommandResult['body']): void;
  /** A message was refused; `first`: of its kind. */
  refused(kind: DownKind, fault: Fault, first: boolean): void;
}

export interface InboxOptions {
  readonly node: string;
  readonly role: 'edge' | 'hub';
  readonly boot: string;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly log: Log;
}

/** Commands whose outcome is remembered, so that one that is delivered twice is answered, not done, twice. */
const REMEMBERED = 200;

const decoders = { desired: decoder(Desired), cmd: decoder(Command), ack: decoder(Ack) } as const satisfies Record<
  DownKind,
  Decoder<unknown>
>;

export class Inbox {
  readonly #options: InboxOptions;
  readonly #handlers: InboxHandlers;
  readonly #log: Log;
  readonly #outcomes = new Map<string, CommandResult['body'] | null>();
  readonly #bad = new Map<DownKind, number>();

  constructor(options: InboxOptions, handlers: InboxHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#log = options.log.child({ part: 'inbox' });
  }

  take({ topic, payload }: Incoming): void {
    const parsed = parseTopic(topic);
    if (parsed === undefined || parsed.direction !== 'down' || parsed.node !== this.#options.node) {
      this.#log.warn({ topic: topic.slice(0, 200) }, 'message on a topic that is not ours was dropped');
      return;
    }
    switch (parsed.kind) {
      case 'desired':
        this.#desired(payload);
        break;
      case 'cmd':
        this.#command(payload);
        break;
      case 'ack':
        this.#ack(payload);
        break;
      default:
    }
  }

  #desired(payload: Uint8Array): void {
    const message = this.#decode('desired', payload);
    if (message === null) return;
    const { role } = this.#options;
    if (message.body.want.role === role) this.#handlers.desired(message);
    else this.#refuse('desired', { code: 'input.invalid', path: '/body/want/role', reason: `this node is of the role ${role}` });
  }

  #ack(payload: Uint8Array): void {
    const message = this.#decode('ack', payload);
    if (message === null) return;
    const { node, boot, seq } = message.body.of;
    if (node === this.#options.node) this.#handlers.acked(boot, seq);
  }

  #command(payload: Uint8Array): void {
    const message = this.#decode('cmd', payload);
    if (message === null) return;
    const { id, session, expires, act } = message.body;
    const known = this.#outcomes.get(id);
    // Null: it is being done; its result comes when it is done.
    if (known !== undefined) {
      if (known !== null) this.#handlers.result(known);
      return;
    }
    const refusal = this.#whyNot(session, expires);
    if (refusal !== null) {
      this.#answer({ id, outcome: 'refused', because: refusal });
      return;
    }
    this.#remember(id, null);
    this.#handlers
      .command(act)
      .then((done) => this.#answer({ ...done, id, because: done.because.slice(0, 300) }))
      .catch((error: unknown) => {
        this.#log.error({ err: error, id }, 'command failed on a bug');
        this.#answer({ id, outcome: 'failed', because: 'an error in this node, see its log' });
      });
  }

  #whyNot(session: string, expires: number): string | null {
    if (session !== this.#options.boot) return 'meant for another start of this process';
    if (expires <= this.#options.now()) return 'came too late';
    return null;
  }

  #answer(body: CommandResult['body']): void {
    this.#remember(body.id, body);
    this.#handlers.result(body);
  }

  #remember(id: string, outcome: CommandResult['body'] | null): void {
    this.#outcomes.set(id, outcome);
    const [oldest] = this.#outcomes.keys();
    if (this.#outcomes.size > REMEMBERED && oldest !== undefined) this.#outcomes.delete(oldest);
  }

  #decode<K extends DownKind>(kind: K, payload: Uint8Array): Checked[K] | null {
    const result = decoders[kind].decode(payload);
    if (result.ok) return result.value as Checked[K];
    this.#refuse(kind, result.fault);
    return null;
  }

  #refuse(kind: DownKind, fault: Fault): void {
    const count = (this.#bad.get(kind) ?? 0) + 1;
    this.#bad.set(kind, count);
    if (count === 1) this.#log.warn({ kind, because: brief(fault) }, 'message from central was refused');
    this.#handlers.refused(kind, fault, count === 1);
  }
}

interface Checked {
  readonly desired: Desired;
  readonly cmd: Command;
  readonly ack: Ack;
}
