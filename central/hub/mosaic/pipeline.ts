/**
 * The mosaic as a pipeline: sixteen slots decoded at their own size, a slate layer below, names above, one encode for everybody, and a
 * picture of each slot once a second. Pure. Nothing is rebuilt when a site comes or goes: texts and places are set at run time.
 *
 * Why it never stalls: everything is live, so the compositor goes by its deadline; `ignore-inactive-pads` keeps slots that never had a
 * picture out of the count; `max-last-buffer-repeat` ends a dead slot's last picture and the slate below comes to sight.
 */

import { h264Encode } from '../../../hardware/gstreamer/parts/h264.ts';
import { rawVideo } from '../../../hardware/gstreamer/parts/picture.ts';
import { rtpVideoIn, rtpVideoOut } from '../../../hardware/gstreamer/parts/rtp.ts';
import {
  type Chain,
  chain,
  element,
  filter,
  fraction,
  type Pipeline,
  type Properties,
  padOf,
  pipeline,
  reflexed,
  shielded,
} from '../../../hardware/gstreamer/pipeline.ts';
import { mosaicSlots } from '../../../protocol/plan.ts';
import type { VideoFormat } from '../../../protocol/schema/plan.ts';
import { canvas, cell, frameWidth, labelHeight } from './layout.ts';

export interface MosaicOptions {
  readonly format: VideoFormat;
  /** Full SSRC of the mosaic, incarnation included. */
  readonly ssrc: number;
  /** The relay's loopback port that takes it. */
  readonly relayPort: number;
}

export const tileId = (slot: number): string => `tile_${slot}`;
/** The element whose port takes a slot's packets. */
export const tileSourceId = (slot: number): string => `${tileId(slot)}-udp`;
export const decoderId = (slot: number): string => `decode_${slot}`;
export const thumbId = (slot: number): string => `thumb_${slot}`;
export const cropId = (slot: number): string => `crop_${slot}`;
export const slateTextId = (slot: number): string => `slate_${slot}`;
export const labelTextId = (slot: number): string => `label_${slot}`;
export const encoderId = 'encoder';
/** Probe on the composed picture. */
export const outProbe = 'mosaic';
/** A picture older than this gives way to the slate; with it a site without picture is a slate within two seconds. */
export const slateAfterMs = 1500;

/** Pads of the compositor, by what they show. */
export const slatePad = 'sink_0';
export const tilePad = (slot: number): string => `sink_${1 + slot}`;
export const labelPad = (slot: number): string => `sink_${1 + mosaicSlots + slot}`;
/** Top, bottom, left, right of the frame around the speaker. */
export const framePads = [0, 1, 2, 3].map((side) => `sink_${1 + 2 * mosaicSlots + side}`);

const slots = Array.from({ length: mosaicSlots }, (_, slot) => slot);
const ground = 0xff1c2430;
const accent = 0xff28c76f;

/**
 * The layers that change seldom are drawn twice a second. `clocksync` makes them live with no latency of their own: a live test source would
 * report one frame (half a second) as the least latency of the whole mosaic, and without any live input the compositor would run free.
 */
const slow = (width: number, height: number, colour: number): Chain =>
  chain(
    element('videotestsrc', { pattern: 'solid-color', 'foreground-color': colour }),
    rawVideo({ width, height, fps: 2 }),
    element('clocksync'),
  );

const text = (id: string, x: number, y: number, font: string): ReturnType<typeof element> =>
  element(
    'textoverlay',
    {
      halignment: 'left',
      valignment: 'top',
      xpad: x,
      ypad: y,
      'font-desc': font,
      'auto-resize': false,
      'draw-shadow': false,
      'draw-outline': false,
      text: '',
    },
    id,
  );

const layers = (): Properties => {
  const places: Record<string, number | bigint> = { [`${slatePad}::zorder`]: 0 };
  for (const slot of slots) {
    places[`${tilePad(slot)}::zorder`] = 1;
    places[`${tilePad(slot)}::width`] = cell.width;
    places[`${tilePad(slot)}::height`] = cell.height;
    places[`${tilePad(slot)}::alpha`] = 0;
    places[`${tilePad(slot)}::max-last-buffer-repeat`] = BigInt(slateAfterMs) * 1_000_000n;
    places[`${labelPad(slot)}::zorder`] = 2;
    places[`${labelPad(slot)}::alpha`] = 0;
  }
  for (const pad of framePads) {
    places[`${pad}::zorder`] = 3;
    places[`${pad}::alpha`] = 0;
  }
  return places;
};

const tile = (slot: number): Chain =>
  chain(
    rtpVideoIn({ id: tileId(slot), port: 0, jitterMs: null }),
    reflexed(
      shielded('avdec_h264', { 'max-threads': 1, 'output-corrupt': false, 'discard-corrupted-frames': true, qos: false }, decoderId(slot)),
      { do: 'probe', element: decoderId(slot), pad: 'src', name: tileId(slot), stalledMs: slateAfterMs },
      { do: 'newest', element: decoderId(slot), pad: 'src' },
    ),
    padOf('compositor', tilePad(slot)),
  );

/**
 * A small JPEG of each slot, cut out of the composed picture: that one has a format and a rate to rely on, whatever a site sends. (A
 * videorate behind a decoder ends the process with an assertion when a stream tells no frame rate.)
 */
const still = (slot: number): Chain =>
  chain(
    padOf('stills'),
    element('videocrop', {}, cropId(slot)),
    element('jpegenc', { quality: 75 }),
    reflexed(element('appsink', { 'max-buffers': 1, drop: true, sync: false, async: false, 'enable-last-sample': false }, thumbId(slot)), {
      do: 'pictures',
      element: thumbId(slot),
    }),
  );

export function mosaicPipeline({ format, ssrc, relayPort }: MosaicOptions): Pipeline {
  const labels = slots.map((slot) =>
    chain(
      padOf('labels'),
      element('videocrop', { top: slot * labelHeight, bottom: (mosaicSlots - 1 - slot) * labelHeight }),
      padOf('compositor', labelPad(slot)),
    ),
  );
  const bars = framePads.map((pad, side) =>
    chain(side < 2 ? slow(2 * cell.width, frameWidth, accent) : slow(frameWidth, 2 * cell.height, accent), padOf('compositor', pad)),
  );
  return pipeline(
    [
      chain(
        reflexed(
          element(
            'compositor',
            { background: 'black', 'ignore-inactive-pads': true, 'force-live': true, 'max-threads': 1, ...layers() },
            'compositor',
          ),
          { do: 'punctual', element: 'compositor', pad: 'src' },
        ),
        rawVideo({ ...canvas, fps: format.fps }),
        element('tee', {}, 'composed'),
        h264Encode({
          id: encoderId,
          encoder: { element: 'x264enc', because: 'one picture for everybody' },
          format: { ...canvas, fps: format.fps, kbps: format.kbps, gop: format.fps * 2 },
        }),
        rtpVideoOut({ id: 'mosaic', port: relayPort, ssrc }),
      ),
      chain(
        slow(canvas.width, canvas.height, ground),
        ...slots.map((slot) => text(slateTextId(slot), 0, 0, 'Sans 13')),
        padOf('compositor', slatePad),
      ),
      chain(
        slow(cell.width, labelHeight * mosaicSlots, ground),
        ...slots.map((slot) => text(labelTextId(slot), 8, slot * labelHeight, 'Sans 10')),
        element('tee', {}, 'labels'),
      ),
      chain(
        padOf('composed'),
        element('queue', { leaky: 'downstream', 'max-size-buffers': 1, 'max-size-bytes': 0, 'max-size-time': 0 }),
        element('videorate', { 'drop-only': true }),
        filter('video/x-raw', { framerate: fraction(1) }),
        element('tee', {}, 'stills'),
      ),
      ...slots.map(still),
      ...labels,
      ...bars,
      ...slots.map(tile),
    ],
    { reflexes: [{ do: 'probe', element: encoderId, pad: 'sink', name: outProbe }] },
  );
}
