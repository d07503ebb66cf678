/** Small facts about rooms that box, central and page share. Pure, and without the schema library, so that the page need not carry it. */
import type { DeviceScene } from './schema/devices.ts';

/** A device that a scene leaves alone. */
export const asItIs: DeviceScene = { power: null, input: null, preset: null, micMuted: null, volume: null, layout: null };
