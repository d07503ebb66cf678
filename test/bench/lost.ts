/** Floor frames lost so far, over all sites of a demo: counted from packets at each of them. */
import type { Demo } from '../support/demo.ts';

export async function lostFrames(demo: Demo): Promise<number> {
  return (await demo.sites()).reduce((sum, each) => sum + (each.lostFrames ?? 0), 0);
}
