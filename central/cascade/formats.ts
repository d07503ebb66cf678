/** The formats of a meeting's streams, where nobody asked for others. */
import type { AudioFormat, VideoFormat } from '../../protocol/schema/plan.ts';

export interface Formats {
  readonly main: VideoFormat;
  readonly tile: VideoFormat;
  readonly mosaic: VideoFormat;
  /** From each site. */
  readonly audio: AudioFormat;
  /** To each site. */
  readonly mix: AudioFormat;
}

/** What an installation may choose: `media` of central's configuration. */
export interface FormatChoice {
  readonly audioFrameMs: 20 | 40;
  readonly mainKbps: number;
  readonly mosaicKbps: number;
}

/** A speaker needs 720p, a tile a sixteenth of that; 40 ms Opus frames halve the packets of a small machine for 20 ms of delay. */
export function formats({ audioFrameMs, mainKbps, mosaicKbps }: FormatChoice): Formats {
  return {
    main: { width: 1280, height: 720, fps: 25, kbps: mainKbps },
    tile: { width: 320, height: 180, fps: 15, kbps: 150 },
    mosaic: { width: 1280, height: 720, fps: 15, kbps: mosaicKbps },
    audio: { kbps: 32, frameMs: audioFrameMs },
    mix: { kbps: 48, frameMs: audioFrameMs },
  };
}
