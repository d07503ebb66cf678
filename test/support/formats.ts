/** The formats of an installation that has chosen nothing, as the defaults of central's configuration give them. */
import { formats } from '../../central/cascade/formats.ts';

export const usualFormats = formats({ audioFrameMs: 40, mainKbps: 1500, mosaicKbps: 1500 });
