/** What a site sends, as it follows from the plan: which streams, in which format, and which of them flow now. Pure. */
import { findSite, type MainReason, mainWanted, mutedIn } from '../../protocol/plan.ts';
import type { AudioFormat, Plan, VideoFormat } from '../../protocol/schema/plan.ts';

/** What needs a pipeline built anew when it changes. */
export interface UplinkShape {
  readonly meeting: string;
  readonly name: string;
  readonly language: Plan['language'];
  readonly main: { readonly ssrc: number; readonly format: VideoFormat };
  readonly tile: { readonly ssrc: number; readonly format: VideoFormat };
  readonly audio: { readonly ssrc: number; readonly format: AudioFormat };
}

/** What opens and closes while the pipeline runs. */
export interface UplinkGates {
  /** Why `main` is sent; null: not a packet, and nothing is encoded. */
  readonly main: MainReason | null;
  /** The microphone is dropped at its source; silence is sent. */
  readonly muted: boolean;
}

export interface UplinkWant {
  readonly shape: UplinkShape;
  readonly gates: UplinkGates;
}

/** What `me` sends in this plan; null when it sends nothing: no meeting, or not in it. */
export function uplinkWanted(plan: Plan | null, me: string): UplinkWant | null {
  const site = plan === null ? undefined : findSite(plan, me);
  if (plan === null || site === undefined) return null;
  const { main, tile, audio } = site.streams;
  return {
    shape: { meeting: plan.meeting, name: site.name, language: plan.language, main, tile, audio },
    gates: { main: mainWanted(plan, me), muted: mutedIn(plan, me) },
  };
}

/** True when a pipeline made for one also serves the other. */
export const sameShape = (a: UplinkShape, b: UplinkShape): boolean => shapeText(a) === shapeText(b);

// Spelled out, so that the order of keys in a message cannot matter.
function shapeText({ meeting, name, language, main, tile, audio }: UplinkShape): string {
  const video = ({ ssrc, format: { width, height, fps, kbps } }: UplinkShape['main']) => [ssrc, width, height, fps, kbps];
  return JSON.stringify([meeting, name, language, video(main), video(tile), audio.ssrc, audio.format.kbps, audio.format.frameMs]);
}
