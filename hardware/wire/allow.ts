/** Whether a device can do what is asked of it. Pure. */
import type { Capability, DeviceAct, ParamSpec } from '../../protocol/schema/device.ts';

/** Why `act` cannot be done, naming the parameter; null when it can. */
export function refusal(capabilities: readonly Capability[], act: DeviceAct): string | null {
  const capability = capabilities.find(({ id }) => id === act.do);
  if (capability === undefined) return `it cannot do ${act.do}`;
  for (const [name, value] of Object.entries(act)) {
    const spec = capability.params[name];
    const wrong = spec === undefined || value === null ? null : misfit(spec, value);
    if (wrong !== null) return `${name} ${wrong}`;
  }
  return null;
}

function misfit(spec: ParamSpec, value: unknown): string | null {
  switch (spec.type) {
    case 'number': {
      const number = Number(value);
      return number >= spec.min && number <= spec.max ? null : `must be ${spec.min} to ${spec.max}, not ${String(value)}`;
    }
    case 'choice':
      return spec.of.includes(String(value)) ? null : `must be one of ${spec.of.join(', ')}, not ${String(value)}`;
    case 'text':
      return String(value).length <= spec.maxLength ? null : `has more than ${spec.maxLength} characters`;
    case 'flag':
      return typeof value === 'boolean' ? null : 'must be true or false';
    default:
      return spec satisfies never;
  }
}
