/** The latest of every node, in memory, and who needs to know that it changed. */
import { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Devices } from '../../protocol/schema/devices.ts';
import type { Reported, Status } from '../../protocol/schema/reported.ts';
import type { Telemetry } from '../../protocol/schema/telemetry.ts';
import type { Connection } from '../broker/contract.ts';
import { type FactChange, type NodeFacts, tellsOurTime } from './facts.ts';
import { agrees, commonOffset, type Offset, offsetSeen } from './offset.ts';

/** A node that sends nothing for so long is not heard of, whatever its connection says: a dead radio link closes nothing. */
export const SILENT_MS = 3000;
const SWEEP_MS = 250;
/** All clocks are compared once a second. */
const COMMON_MS = 1000;
/** Process starts of a node whose last telemetry number is remembered: the present one, and what the outbox still brings of earlier ones. */
const BOOTS = 4;

interface Entry {
  facts: NodeFacts;
  silent: boolean;
  offset: Offset;
  /** Number of the latest telemetry by process start. */
  readonly last: Map<string, number>;
}

const nobody = (node: string): NodeFacts => ({
  node,
  connected: false,
  because: 'it has not connected yet',
  status: null,
  boot: null,
  reported: null,
  devices: null,
  devicesSeq: 0,
  telemetry: null,
  heardAt: null,
  lostFrames: 0,
  clockMs: 0,
  aheadMs: 0,
});

export interface NodesEvents {
  changed: [node: string, what: FactChange];
  /** Its wall clock is ahead of central's by so much now (behind: negative); 0: they agree again. Null: all others are ahead of central's. */
  clock: [node: string | null, aheadMs: number];
}

export class Nodes extends EventEmitter<NodesEvents> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #sweep: Timer | null = null;
  /** By how much everybody's clock is ahead of central's: central's own is wrong. */
  #commonMs = 0;
  #common = agrees;
  #commonAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  start(): void {
    this.#sweep ??= this.#clock.every(SWEEP_MS, 'silent nodes', () => this.sweep());
  }

  stop(): void {
    this.#sweep?.cancel();
    this.#sweep = null;
  }

  /** Undefined when nothing was heard of it since central started. */
  readonly of = (node: string): NodeFacts | undefined => this.#entries.get(node)?.facts;

  /** Whether any node confirms our clock now. */
  get ourTime(): boolean {
    const mono = this.#clock.mono();
    return [...this.#entries.values()].some(({ facts }) => tellsOurTime(facts, mono));
  }

  /** The node is no longer in the registry. */
  forget(node: string): void {
    this.#entries.delete(node);
  }

  connected({ node }: Connection): void {
    this.#change(node, 'connection', { connected: true, because: 'connected' });
  }

  disconnected({ node, because }: Connection & { readonly because: string }): void {
    this.#change(node, 'connection', { connected: false, because });
  }

  /** A birth or last will. A last will of an earlier process start comes late and says nothing about the present one. */
  status({ node, boot, body }: Status): void {
    const facts = this.#entry(node).facts;
    if (body.state === 'offline' && facts.boot !== null && facts.boot !== boot) return;
    this.#heard(node);
    this.#change(node, 'status', { status: body, boot });
  }

  /** Floor frames are counted from the beginning of a meeting. */
  reported({ node, body }: Reported): void {
    const before = this.#entry(node).facts;
    const same = before.reported?.meetings[0] === body.meetings[0];
    this.#heard(node);
    this.#change(node, 'reported', { reported: body, lostFrames: same ? before.lostFrames : 0 });
  }

  devices({ node, body }: Devices): void {
    const { devicesSeq } = this.#entry(node).facts;
    this.#heard(node);
    this.#change(node, 'devices', { devices: body, devicesSeq: devicesSeq + 1 });
  }

  /** False when this sample came before. History of an earlier process start is no news. */
  telemetry({ node, boot, seq, at, body }: Telemetry): boolean {
    const entry = this.#entry(node);
    const last = entry.last.get(boot);
    if (last !== undefined && seq <= last) return false;
    const oldest = last === undefined && entry.last.size >= BOOTS ? entry.last.keys().next().value : undefined;
    if (oldest !== undefined) entry.last.delete(oldest);
    entry.last.set(boot, seq);
    this.#heard(node);
    const { facts } = entry;
    if (facts.boot !== null && facts.boot !== boot) return true;
    const aheadMs = at - this.#clock.now();
    this.#compare(entry, aheadMs - this.#commonMs);
    const lost = body.role === 'edge' ? body.floor.lostFrames : 0;
    this.#change(node, 'telemetry', { telemetry: body, lostFrames: facts.lostFrames + lost, clockMs: entry.offset.toldMs, aheadMs });
    return true;
  }

  /** Any other message. */
  heard(node: string): void {
    this.#heard(node);
  }

  /** Finds nodes that fell silent. */
  sweep(): void {
    const mono = this.#clock.mono();
    for (const entry of this.#entries.values()) {
      const { node, connected, heardAt } = entry.facts;
      if (entry.silent || !connected || heardAt === null || mono - heardAt <= SILENT_MS) continue;
      entry.silent = true;
      this.emit('changed', node, 'silent');
    }
    if (mono - this.#commonAt >= COMMON_MS) this.#compareAll(mono);
  }

  #compareAll(mono: number): void {
    this.#commonAt = mono;
    const heard = [...this.#entries.values()].filter(({ silent, facts }) => !silent && facts.connected && facts.telemetry !== null);
    this.#commonMs = commonOffset(heard.map(({ facts }) => facts.aheadMs));
    const before = this.#common.toldMs;
    this.#common = offsetSeen(this.#common, this.#commonMs, mono);
    if (this.#common.toldMs !== before) this.emit('clock', null, this.#common.toldMs);
  }

  #compare(entry: Entry, aheadMs: number): void {
    const before = entry.offset;
    entry.offset = offsetSeen(before, aheadMs, this.#clock.mono());
    if (entry.offset.toldMs !== before.toldMs) this.emit('clock', entry.facts.node, entry.offset.toldMs);
  }

  #heard(node: string): void {
    const entry = this.#entry(node);
    entry.facts = { ...entry.facts, heardAt: this.#clock.mono() };
    if (!entry.silent) return;
    entry.silent = false;
    this.emit('changed', node, 'silent');
  }

  #change(node: string, what: FactChange, change: Partial<NodeFacts>): void {
    const entry = this.#entry(node);
    entry.facts = { ...entry.facts, ...change };
    this.emit('changed', node, what);
  }

  #entry(node: string): Entry {
    const known = this.#entries.get(node);
    if (known) return known;
    const made: Entry = { facts: nobody(node), silent: false, offset: agrees, last: new Map() };
    this.#entries.set(node, made);
    return made;
  }
}
