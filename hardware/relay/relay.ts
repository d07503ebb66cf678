/**
 * One relay process as its owner sees it: what it should do is said once and holds. A crash or hang costs a moment; the new process is told
 * everything again, on the same ports. Setting what is set already sends nothing.
 */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { type Command, Program, type ProgramDown, type ProgramState } from '../../protocol/node/program.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import type { LinkTo, Listening, Permission, Route, Tuning, View } from './commands.ts';
import { Desired, type Topic } from './desired.ts';
import { parseEvent, type RelayEvent } from './events.ts';
import type { Lookup } from './lookup.ts';
import { parseQueues, parseStats, type RelayQueues, type RelayStats } from './stats.ts';

export interface RelayOptions {
  /** For logs. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** From a host name to a numeric address. */
  readonly lookup: Lookup;
  /** Another binary than build/native/relay (the one with sanitizers). */
  readonly binary?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RelayEvents {
  event: [event: RelayEvent];
  /** The process has ended; unless expected it is coming back. */
  down: [info: ProgramDown];
  /** A new process does the same again. Views of video wait for an IDR: ask for one. */
  restarted: [info: { readonly because: string; readonly restarts: number; readonly outageMs: number }];
  /** Given up: too many crashes. */
  failed: [info: { readonly because: string }];
}

/** A port that is still held by the process before, or by a stranger, is tried again this often. */
const RETRY_MS = 200;
const LOOKUP_MS = 1000;

export class Relay extends EventEmitter<RelayEvents> {
  readonly #options: RelayOptions;
  readonly #log: Log;
  readonly #program: Program;
  readonly #desired = new Desired();
  readonly #retries = new Set<Timer>();
  /** Host names of links, as asked for; the command holds the address found last. */
  readonly #named = new Map<string, LinkTo>();
  #down: { readonly at: number; readonly because: string } | null = null;

  constructor(options: RelayOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ relay: options.name });
    this.#program = new Program({
      name: `relay ${options.name}`,
      command: options.binary ?? join(packageRoot(), 'build', 'native', 'relay'),
      args: [],
      clock: options.clock,
      log: options.log,
      ...(options.env ? { env: options.env } : {}),
    });
    this.#program.on('up', ({ restarts }) => this.#up(restarts));
    this.#program.on('down', (info) => this.#ended(info));
    this.#program.on('event', (message) => this.#heard(message));
    this.#program.on('failed', (info) => this.emit('failed', info));
  }

  get state(): ProgramState {
    return this.#program.state;
  }

  get pid(): number | null {
    return this.#program.pid;
  }

  /** @throws FaultError `program.gone` when the process cannot be started. */
  start(): Promise<void> {
    return this.#program.start();
  }

  /** Idempotent. What was wanted stays wanted: a later start() does it again. */
  async stop(): Promise<void> {
    for (const timer of this.#retries) timer.cancel();
    this.#retries.clear();
    await this.#program.stop();
  }

  /** Listens for peers; answers the port, which stays the same over restarts. Needs start(). */
  async listen(at: Listening): Promise<number> {
    return this.#port('listen', '', { do: 'listen', ...at });
  }

  /** Lets a node call us. New connections use the key set last. */
  async allow(node: string, permission: Permission): Promise<void> {
    await this.#set('allow', node, { do: 'allow', node, ...permission });
  }

  /** Ends a node's connections and lets it in no more. */
  async deny(node: string): Promise<void> {
    await this.#unset('allow', node, { do: 'deny', node });
  }

  /** Dials for ever; success and failure are told by events. A host name that cannot be found now is looked up again. */
  async connect(link: string, to: LinkTo): Promise<void> {
    this.#named.set(link, to);
    const address = await this.#options.lookup(to.host);
    if (this.#named.get(link) !== to) return;
    if (address === null) this.#lookUpLater(link, to);
    else await this.#set('connect', link, { do: 'connect', link, ...to, host: address });
  }

  async disconnect(link: string): Promise<void> {
    this.#named.delete(link);
    await this.#unset('connect', link, { do: 'disconnect', link });
  }

  /** A drill: for `ms` nothing of this link goes out or comes in, then it goes on by itself. @throws FaultError `program.refused` when there is no such link. */
  async cut(link: string, ms: number): Promise<void> {
    await this.#program.request({ do: 'cut', link, ms });
  }

  /** Takes RTP in on a loopback UDP port; answers the port, which stays the same over restarts. Needs start(). */
  async input(name: string, port = 0): Promise<number> {
    return this.#port('input', name, { do: 'input', name, port });
  }

  async closeInput(name: string): Promise<void> {
    await this.#unset('input', name, { do: 'close-input', name });
  }

  /** Replaces the targets of a stream, given by any of its incarnations. */
  async route(ssrc: number, route: Route): Promise<void> {
    await this.#set('route', `${ssrc}`, { do: 'route', ssrc, ...route });
  }

  async unroute(ssrc: number): Promise<void> {
    await this.#unset('route', `${ssrc}`, { do: 'unroute', ssrc });
  }

  /** Makes a view, or changes what it shows. */
  async view(name: string, view: View): Promise<void> {
    await this.#set('view', name, { do: 'view', view: name, ...view });
  }

  async unview(name: string): Promise<void> {
    await this.#unset('view', name, { do: 'unview', view: name });
  }

  async tune(tuning: Tuning): Promise<void> {
    await this.#set('tune', '', { ...this.#desired.get('tune', ''), do: 'tune', ...tuning });
  }

  /** @throws FaultError `program.gone` while the process is not up. */
  async stats(): Promise<RelayStats> {
    return parseStats(await this.#program.request({ do: 'stats' }));
  }

  /** The queues of everything that we send to, now; costs little. @throws FaultError `program.gone` while the process is not up. */
  async queues(): Promise<RelayQueues> {
    return parseQueues(await this.#program.request({ do: 'queues' }));
  }

  /** What video to this node, or over this link, may take on the wire in kbit/s: beyond it waits, audio passes. Null: whatever there is. */
  async pace(name: string, kbps: number | null): Promise<void> {
    if (kbps === null && this.#desired.get('pace', name) === undefined) return;
    await this.#set('pace', name, { do: 'pace', name, kbps: kbps ?? 0 });
  }

  /** Fault injection. */
  kill(signal: NodeJS.Signals): void {
    this.#program.kill(signal);
  }

  async #port(topic: 'listen' | 'input', key: string, command: Command): Promise<number> {
    const known = this.#desired.get(topic, key);
    // Asked for any port once and given one: the same question has the same answer.
    if (known && typeof known.port === 'number' && JSON.stringify({ ...known, port: command.port }) === JSON.stringify(command)) {
      if (command.port === 0 || command.port === known.port) return known.port;
    }
    const { port } = await this.#program.request(command);
    if (typeof port !== 'number')
      throw new FaultError({ code: 'input.invalid', path: '/port', reason: `the relay answered ${command.do} without a port` });
    this.#desired.set(topic, key, { ...command, port });
    return port;
  }

  async #set(topic: Topic, key: string, command: Command): Promise<void> {
    if (!this.#desired.set(topic, key, command)) return;
    if (this.#program.state !== 'up') return; // said when it comes up
    try {
      await this.#program.request(command);
    } catch (error) {
      if (isGone(error)) return;
      this.#desired.remove(topic, key, command);
      throw error;
    }
  }

  async #unset(topic: Topic, key: string, command: Command): Promise<void> {
    if (!this.#desired.remove(topic, key) || this.#program.state !== 'up') return;
    try {
      await this.#program.request(command);
    } catch (error) {
      // Gone is gone, and what the process never had it need not forget.
      if (!isGone(error) && !(error instanceof FaultError && error.fault.code === 'program.refused' && error.fault.error === 'not-found'))
        throw error;
    }
  }

  #up(restarts: number): void {
    // All lines are written at once and answered in order; what is set from now on comes behind them.
    const said = [...this.#desired.all()].map(([topic, key, command]) => this.#say(topic, key, command));
    const down = this.#down;
    if (!down) return;
    this.#down = null;
    void Promise.all(said).then(() => {
      const info = { because: down.because, restarts, outageMs: this.#options.clock.mono() - down.at };
      this.#log.info(info, 'relay does again what it did');
      this.emit('restarted', info);
    });
  }

  /** Says again what was accepted before. */
  async #say(topic: Topic, key: string, command: Command): Promise<void> {
    try {
      await this.#program.request(command);
    } catch (error) {
      if (isGone(error)) return; // the next process is told everything again
      this.#log.error({ topic, key, because: error instanceof Error ? error.message : String(error) }, 'relay refused what it did before');
      if (!(error instanceof FaultError && error.fault.code === 'program.refused' && error.fault.error === 'port.unavailable')) return;
      this.#later(RETRY_MS, `relay ${topic} ${key}`, () => {
        if (this.#desired.get(topic, key) === command && this.#program.state === 'up') void this.#say(topic, key, command);
      });
    }
  }

  #ended(info: ProgramDown): void {
    if (!info.expected) this.#down ??= { at: this.#options.clock.mono(), because: info.because };
    this.emit('down', info);
  }

  #heard(message: Readonly<Record<string, unknown>>): void {
    const parsed = parseEvent(message);
    if (!parsed.ok) {
      this.#log.warn({ event: message.event, path: parsed.fault }, 'relay sent an event that is not known here');
      return;
    }
    const event = parsed.value;
    const link = 'link' in event ? event.link : undefined;
    const to = link === undefined ? undefined : this.#named.get(link);
    if (event.event === 'disconnected' && link !== undefined && to !== undefined) this.#lookUpLater(link, to);
    this.emit('event', event);
  }

  /** A name may have moved to another address. */
  #lookUpLater(link: string, to: LinkTo): void {
    this.#later(LOOKUP_MS, `relay looks up ${to.host}`, () => {
      if (this.#named.get(link) !== to) return;
      this.connect(link, to).catch((error: Error) => this.#log.error({ link, because: error.message }, 'link was refused'));
    });
  }

  #later(ms: number, name: string, run: () => void): void {
    const timer = this.#options.clock.after(ms, name, () => {
      this.#retries.delete(timer);
      run();
    });
    this.#retries.add(timer);
  }
}

const isGone = (error: unknown): boolean => error instanceof FaultError && error.fault.code === 'program.gone';
