/** What a device can do, as the panels ask for it. Pure. */
import type { Capability, CapabilityId, ParamSpec } from '../../../../protocol/schema/device.ts';

export const can = (capabilities: readonly Capability[], id: CapabilityId): boolean => capabilities.some((each) => each.id === id);

const spec = (capabilities: readonly Capability[], id: CapabilityId, param: string): ParamSpec | undefined =>
  capabilities.find((each) => each.id === id)?.params[param];

/** The values that a parameter may have; empty where any text may be typed. */
export function choices(capabilities: readonly Capability[], id: CapabilityId, param: string): readonly string[] {
  const found = spec(capabilities, id, param);
  return found?.type === 'choice' ? found.of : [];
}
