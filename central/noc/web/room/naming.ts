/** Ids of adopted devices: `camera`, `camera-2`… Pure. */
import type { DeviceKind } from '../../../../protocol/schema/device.ts';

export function idFor(kind: DeviceKind, taken: readonly string[]): string {
  if (!taken.includes(kind)) return kind;
  let n = 2;
  while (taken.includes(`${kind}-${n}`)) n += 1;
  return `${kind}-${n}`;
}
