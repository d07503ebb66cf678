/** That there is one highest grant: what the hubs and boxes have on their disks, looked at from outside while anything fails. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareGrants, type Grant } from '../../../protocol/grant.ts';
import type { Demo } from '../demo.ts';
import { hubNames } from './faults.ts';
import type { Nodes } from './nodes.ts';

/** Who has just been started has to hear of the meeting first. */
const YOUNG_MS = 5000;

/** The highest grant that a node has on its disk; null: none, or it is being written. */
export async function grantOf(demo: Demo, node: string, meeting: string): Promise<Grant | null> {
  const folder = hubNames.includes(node) ? node : join('edges', node);
  try {
    const kept = JSON.parse(await readFile(join(demo.data, folder, 'grants.json'), 'utf8')) as readonly { meeting: string; grant: Grant }[];
    return kept.find((each) => each.meeting === meeting)?.grant ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

export class GrantWatch {
  /** Two grants of one name, or one who fell back. */
  readonly violations: string[] = [];
  readonly #demo: Demo;
  readonly #nodes: Nodes;
  readonly #meeting: string;
  readonly #sites: readonly string[];
  readonly #contents = new Map<string, string>();
  readonly #has = new Map<string, Grant>();
  /** Since when somebody who was settled has had less than the highest of all. */
  readonly #behindSince = new Map<string, number>();
  readonly #behindMs = new Map<string, number>();
  #disagreeSince: number | null = null;
  #disagreedMs = 0;

  constructor(demo: Demo, nodes: Nodes, meeting: string, sites: readonly string[]) {
    this.#demo = demo;
    this.#nodes = nodes;
    this.#meeting = meeting;
    this.#sites = sites;
  }

  /** The highest of all that were seen. */
  get highest(): Grant | null {
    return [...this.#has.values()].reduce<Grant | null>(
      (most, each) => (most === null || compareGrants(each, most) > 0 ? each : most),
      null,
    );
  }

  /** The longest time for which two hubs that both ran had different grants, ms. */
  get disagreedMs(): number {
    return Math.round(this.#disagreedMs);
  }

  /** The longest time for which a box that ran and could hear had less than the highest of all, ms. */
  get behindMs(): number {
    return Math.round(Math.max(0, ...this.#sites.map((site) => this.#behindMs.get(site) ?? 0)));
  }

  async look(): Promise<void> {
    const all = [...hubNames, ...this.#sites];
    await Promise.all(all.map((node) => this.#read(node)));
    const { highest } = this;
    const now = performance.now();
    for (const node of all) {
      const has = this.#has.get(node);
      const behind = highest !== null && this.#nodes.settled(node, YOUNG_MS) && (has === undefined || compareGrants(has, highest) < 0);
      if (!behind) this.#behindSince.delete(node);
      else {
        const since = this.#behindSince.get(node) ?? now;
        this.#behindSince.set(node, since);
        this.#behindMs.set(node, Math.max(this.#behindMs.get(node) ?? 0, now - since));
      }
    }
    const [one, other] = hubNames.map((hub) => (this.#nodes.settled(hub, YOUNG_MS) ? this.#has.get(hub) : undefined));
    if (one === undefined || other === undefined || compareGrants(one, other) === 0) this.#disagreeSince = null;
    else {
      this.#disagreeSince ??= now;
      this.#disagreedMs = Math.max(this.#disagreedMs, now - this.#disagreeSince);
    }
  }

  /** What cannot be read just now is as it was. */
  async #read(node: string): Promise<void> {
    const grant = await grantOf(this.#demo, node, this.#meeting);
    if (grant === null) return;
    const key = `${grant.epoch} ${grant.by} ${grant.n}`;
    const text = JSON.stringify([grant.slots, grant.next, grant.previous, grant.muted, grant.chair, grant.ended]);
    const before = this.#contents.get(key) ?? text;
    if (before !== text) this.violations.push(`two grants are called ${key}: ${before} and ${text} (${node})`);
    this.#contents.set(key, before);
    const had = this.#has.get(node);
    if (had !== undefined && compareGrants(grant, had) < 0)
      this.violations.push(`${node} fell back from ${had.epoch} ${had.by} ${had.n} to ${key}`);
    this.#has.set(node, grant);
  }
}
