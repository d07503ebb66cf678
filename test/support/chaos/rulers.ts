/** The two who may give the floor, asked as people ask them: central by its API, the chair's panel by its own. Either may be away. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PanelView } from '../../../protocol/api.ts';
import { firstSite } from '../../../provisioning/fault/kind.ts';
import type { Demo } from '../demo.ts';
import { openPanel } from '../panel.ts';
import type { Random } from './random.ts';

/** Null when it is away just now: chaos does not wait for it. */
async function tried<T>(run: () => Promise<T>): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    // fetch says TypeError when nobody answers, and both APIs say what they cannot do now.
    if (error instanceof TypeError || (error instanceof Error && /answered (4|5)\d\d|service-token/.test(error.message))) return null;
    throw error;
  }
}

export class Rulers {
  readonly #demo: Demo;
  readonly #meeting: string;
  readonly #pin: string;
  readonly #panel: string;
  /** Given, by whom. */
  readonly done = { central: 0, panel: 0 };

  private constructor(demo: Demo, meeting: string, pin: string) {
    this.#demo = demo;
    this.#meeting = meeting;
    this.#pin = pin;
    const config = JSON.parse(readFileSync(join(demo.data, 'config', `${firstSite}.json`), 'utf8')) as {
      readonly panel: { readonly port: number };
    };
    this.#panel = `http://127.0.0.1:${config.panel.port}`;
  }

  static async of(demo: Demo, meeting: string): Promise<Rulers> {
    const { pin } = await demo.call<PanelView>('GET', `/meetings/${meeting}/panel`);
    if (pin === null) throw new Error('the meeting has no panel');
    return new Rulers(demo, meeting, pin);
  }

  /** Somebody gives the floor: central, or the panel, or both at once to different sites. */
  async give(chance: Random, sites: readonly string[]): Promise<void> {
    const who = chance.between(0, 9);
    const [one, other] = [chance.pick(sites), chance.pick(sites)];
    const given = await Promise.all([who < 7 ? this.#central(one) : false, who >= 5 ? this.#byPanel(other) : false]);
    // Central is dead: the chair rules.
    if (who < 5 && given[0] === false) await this.#byPanel(other);
  }

  async #central(site: string): Promise<boolean> {
    const done = (await tried(() => this.#demo.call('POST', `/meetings/${this.#meeting}/floor`, { site }))) !== null;
    if (done) this.done.central += 1;
    return done;
  }

  async #byPanel(site: string): Promise<boolean> {
    const done = (await tried(async () => (await openPanel(this.#panel, this.#pin)).act({ type: 'give', site }))) !== null;
    if (done) this.done.panel += 1;
    return done;
  }
}
