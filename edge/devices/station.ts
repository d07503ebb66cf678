/** One device of the room: driven, reported, and brought into the room's scene. */
import type { Handle } from '../../hardware/wire/device.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { brief } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { type ActResult, type DeviceAct, unknownState } from '../../protocol/schema/device.ts';
import type { DeviceWish, DrivenDevice, RoomScene, SceneReport } from '../../protocol/schema/devices.ts';
import type { DeviceLook } from './look.ts';
import { kindOf, openDevice } from './open.ts';
import { type Part, sceneTodo } from './scene.ts';

export interface StationOptions {
  readonly wish: DeviceWish;
  readonly clock: Clock;
  readonly log: Log;
  /** The report has changed. */
  readonly changed: () => void;
}

/** What was asked for and does not show yet is asked for again after this; displays need ten seconds and more to warm up. */
const AGAIN_MS = 5000;

const untouched: SceneReport = { scene: null, reached: true, because: 'nobody touches the room' };

export class Station {
  #wish: DeviceWish;
  readonly #options: StationOptions;
  readonly #handle: Handle | null;
  /** Why there is no handle. */
  readonly #unfit: string;
  #scene: RoomScene = null;
  #report = untouched;
  #settled = new Set<Part>();
  /** What a person has asked for by name since the scene began: it is his. */
  readonly #left = new Set<Part>();
  /** When each part was last asked for in this scene, monotonic. */
  readonly #asked = new Map<Part, number>();
  /** What the device last said to a step that it did not take. */
  readonly #refusals = new Map<Part, string>();
  #working = false;
  #again: Timer | null = null;
  #running = false;

  constructor(options: StationOptions) {
    const { wish, clock, log } = options;
    this.#wish = wish;
    this.#options = options;
    const opened = openDevice(wish, clock, log);
    this.#handle = opened.ok ? opened.value.handle : null;
    this.#unfit = opened.ok ? '' : brief(opened.fault);
    this.#handle?.on('changed', () => {
      options.changed();
      this.#work();
    });
  }

  get wish(): DeviceWish {
    return this.#wish;
  }

  /** Idempotent. */
  start(): void {
    this.#running = true;
    this.#handle?.start();
  }

  /** Stops what moves and lets go of the line. Idempotent. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#again?.cancel();
    await this.#handle?.stop();
  }

  /**
   * The room's scene from now on, and the wish, which is of the same device: what it is called and how it stands in scenes may be new. Within a
   * scene only what is wanted otherwise now is brought about again: a new name must not open a microphone that somebody has closed.
   */
  placed(wish: DeviceWish, scene: RoomScene): void {
    const before = this.#scene === null ? null : this.#wish.scenes[this.#scene];
    this.#wish = wish;
    if (scene === this.#scene) {
      if (before === null || scene === null) return;
      for (const part of sceneParts.filter((each) => before[each] !== wish.scenes[scene][each])) this.#forget(part);
    } else {
      this.#scene = scene;
      for (const part of sceneParts) this.#forget(part);
      this.#tell(scene === null ? untouched : { scene, reached: false, because: 'has just begun' });
    }
    this.#work();
  }

  #forget(part: Part): void {
    this.#settled.delete(part);
    this.#left.delete(part);
    this.#asked.delete(part);
    this.#refusals.delete(part);
  }

  /** What a person asks for. What he has asked for is his until the scene changes: the scene does not work against him. */
  async execute(act: DeviceAct): Promise<ActResult> {
    const part = partOf(act);
    const fresh = part !== null && this.#scene !== null && !this.#left.has(part);
    // Before it is done: the scene must not undo it while its answer is on the way.
    if (fresh) this.#left.add(part);
    const result = (await this.#handle?.execute(act)) ?? { outcome: 'rejected', because: this.#unfit };
    if (fresh && result.outcome === 'rejected') this.#left.delete(part);
    return result;
  }

  report(): DrivenDevice {
    const { id, name, driver } = this.#wish;
    const handle = this.#handle;
    const standing = handle?.standing ?? { link: 'disconnected', because: this.#unfit };
    return {
      id,
      name,
      driver,
      kind: kindOf(driver),
      ...standing,
      info: handle?.info ?? { make: '', model: '', firmware: '', serial: '' },
      capabilities: [...(handle?.capabilities ?? [])],
      state: handle?.state ?? unknownState,
      seen: handle?.seen ?? null,
      scene: this.#report,
    };
  }

  /** What the site's picture needs to know of it. */
  look(): DeviceLook {
    const { link, because } = this.#handle?.standing ?? { link: 'disconnected', because: this.#unfit };
    const state = this.#handle?.state ?? unknownState;
    return { link, because, state, pictureTrouble: this.#handle?.pictureTrouble ?? null, seen: this.#handle?.seen ?? null };
  }

  /** One step of the scene after the other; each change of the device begins anew. */
  #work(): void {
    if (this.#working || !this.#running || this.#scene === null || this.#handle === null) return;
    this.#working = true;
    void this.#steps(this.#handle, this.#scene)
      .catch((error: unknown) => {
        this.#options.log.error({ err: error, device: this.#wish.id }, 'a scene failed on a bug');
        this.#later(AGAIN_MS);
      })
      .finally(() => {
        this.#working = false;
      });
  }

  async #steps(handle: Handle, scene: 'on' | 'off'): Promise<void> {
    const { clock } = this.#options;
    this.#again?.cancel();
    if (handle.standing.link !== 'ok') return this.#tell({ scene, reached: false, because: handle.standing.because });
    const { state, capabilities } = handle;
    const { steps, reached, missing } = sceneTodo(this.#wish.scenes[scene], {
      state,
      capabilities,
      settled: this.#settled,
      left: this.#left,
    });
    for (const part of reached) this.#settled.add(part);
    const due = steps.filter(({ part }) => clock.mono() - (this.#asked.get(part) ?? Number.NEGATIVE_INFINITY) >= AGAIN_MS);
    for (const { part, act } of due) {
      if (this.#left.has(part)) continue;
      this.#asked.set(part, clock.mono());
      const { outcome, because } = await handle.execute(act);
      if (this.#scene !== scene) return this.#later(0);
      const taken = outcome === 'completed' || outcome === 'accepted';
      // Where the device does not tell how it stands, having taken it is all there is to know.
      if (taken && silentAbout(handle, act)) this.#settled.add(part);
      if (taken) this.#refusals.delete(part);
      else this.#refusals.set(part, `${part}: ${because}`);
    }
    const refused = steps.flatMap(({ part }) => this.#refusals.get(part) ?? []);
    const left = missing.length > 0 && !(refused.length === 0 && steps.every(({ part }) => this.#settled.has(part)) && steps.length > 0);
    this.#tell({ scene, reached: !left, because: left ? [...refused, ...missing].join('; ') : 'as it shall be' });
    if (left) this.#later(AGAIN_MS);
  }

  #later(ms: number): void {
    this.#again?.cancel();
    if (!this.#running) return;
    this.#again = this.#options.clock.after(ms, `${this.#wish.id} is brought into its scene`, () => this.#work());
  }

  #tell(report: SceneReport): void {
    const bounded = { ...report, because: report.because.slice(0, 300) };
    if (JSON.stringify(bounded) === JSON.stringify(this.#report)) return;
    this.#report = bounded;
    this.#options.changed();
  }
}

const sceneParts: readonly Part[] = ['power', 'input', 'preset', 'micMuted', 'volume', 'layout'];

/** What of a scene an act decides. */
function partOf(act: DeviceAct): Part | null {
  switch (act.do) {
    case 'power':
    case 'input':
    case 'volume':
    case 'layout':
      return act.do;
    case 'micMute':
      return 'micMuted';
    case 'presetRecall':
    case 'move':
    case 'position':
      return 'preset';
    default:
      return null;
  }
}

const silentAbout = (handle: Handle, act: DeviceAct): boolean =>
  act.do === 'presetRecall' || handle.capabilities.find(({ id }) => id === act.do)?.feedback === 'none';
