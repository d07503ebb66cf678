/**
 * From how a device shall stand in a scene and how it stands to what is to be done. Pure. Power and input are kept for as long as the scene
 * lasts, unless a person asks this system for something else; microphone, volume, layout and preset are brought about once, because people in
 * the room may change them.
 */
import type { Capability, CapabilityId, DeviceAct, DeviceState } from '../../protocol/schema/device.ts';
import type { DeviceScene } from '../../protocol/schema/devices.ts';

export interface SceneView {
  readonly state: DeviceState;
  readonly capabilities: readonly Capability[];
  /** What this scene has brought about already, by part. */
  readonly settled: ReadonlySet<Part>;
  /** What a person has decided since the scene began; nobody decides otherwise before it ends. */
  readonly left: ReadonlySet<Part>;
}

export type Part = 'power' | 'input' | 'preset' | 'micMuted' | 'volume' | 'layout';

export interface SceneStep {
  readonly part: Part;
  readonly act: DeviceAct;
}

export interface SceneTodo {
  readonly steps: readonly SceneStep[];
  /** Parts that stand as they shall, or that cannot be looked at and were asked for. */
  readonly reached: readonly Part[];
  /** Why the scene is not reached, where it is not. */
  readonly missing: readonly string[];
}

/** Two volumes that sound the same; devices have 8 to 100 steps. */
const VOLUME_STEP = 0.07;
const kept: readonly Part[] = ['power', 'input'];

interface Demand {
  readonly part: Part;
  readonly needs: CapabilityId;
  readonly act: DeviceAct;
  /** `null`: the device does not tell, or has not told yet. Of a preset nobody ever tells. */
  readonly stands: boolean | null;
}

export function sceneTodo(want: DeviceScene, { state, capabilities, settled, left }: SceneView): SceneTodo {
  const reached: Part[] = [];
  const missing: string[] = [];
  const steps: SceneStep[] = [];
  const feedback = (id: CapabilityId): Capability['feedback'] | null => capabilities.find((each) => each.id === id)?.feedback ?? null;
  const look = ({ part, needs, act, stands }: Demand): void => {
    const tells = feedback(needs);
    if (tells === null) missing.push(`it cannot do ${needs}`);
    else if (left.has(part) || stands === true || (settled.has(part) && (stands === null || !kept.includes(part)))) reached.push(part);
    // Who is asked will say; who tells only changes may never, and has to be told.
    else if (stands === null && tells === 'poll' && part !== 'preset') missing.push(`${part} is not known yet`);
    else {
      missing.push(`${part} is being set`);
      steps.push({ part, act });
    }
  };
  if (want.power !== null) {
    const { power } = state;
    // Between two states a display obeys nothing; some makes forget what they are told then.
    if (power === 'warming' || power === 'cooling') return { steps, reached, missing: [`it is ${power}`] };
    const known = power === null || power === 'unknown' ? null : (power === 'on') === want.power;
    look({ part: 'power', needs: 'power', act: { do: 'power', on: want.power }, stands: known });
    // What is off, or is only going on, takes nothing else.
    if (want.power === false || steps.length > 0 || missing.length > 0) return { steps, reached, missing };
    if (left.has('power') && known === false) return { steps, reached, missing };
  }
  for (const demand of demands(want, state)) look(demand);
  return { steps, reached, missing };
}

const told = <T>(value: T | null, fits: (value: T) => boolean): boolean | null => (value === null ? null : fits(value));

function demands(want: DeviceScene, state: DeviceState): readonly Demand[] {
  const { input, preset, micMuted, volume, layout } = want;
  return [
    ...(input === null
      ? []
      : [{ part: 'input', needs: 'input', act: { do: 'input', input }, stands: told(state.input, (now) => now === input) } as const]),
    ...(micMuted === null
      ? []
      : [
          {
            part: 'micMuted',
            needs: 'micMute',
            act: { do: 'micMute', on: micMuted },
            stands: told(state.micMuted, (now) => now === micMuted),
          } as const,
        ]),
    ...(volume === null
      ? []
      : [
          {
            part: 'volume',
            needs: 'volume',
            act: { do: 'volume', level: volume },
            stands: told(state.volume, (now) => Math.abs(now - volume) < VOLUME_STEP),
          } as const,
        ]),
    ...(layout === null
      ? []
      : [{ part: 'layout', needs: 'layout', act: { do: 'layout', layout }, stands: told(state.layout, (now) => now === layout) } as const]),
    // Where a camera looks is not where its preset was stored: no device tells that it stands at one.
    ...(preset === null ? [] : [{ part: 'preset', needs: 'presetRecall', act: { do: 'presetRecall', preset }, stands: null } as const]),
  ];
}
