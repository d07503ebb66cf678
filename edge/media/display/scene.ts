/** What a room's screen shows now: a value that follows from the plan and the state of the links. Pure. */
import { findSite, fullScreen, mutedIn, onAir } from '../../../protocol/plan.ts';
import type { Plan } from '../../../protocol/schema/plan.ts';
import { type Language, marks, screenText } from './marks.ts';

/** `floor`: somebody's main picture full, mosaic beside it. `mosaic`: the mosaic full. `idle`: name and clock. */
export type Full = 'floor' | 'mosaic' | 'idle';

export interface Scene {
  readonly full: Full;
  /** Whose main picture the floor view shows; null while it shows none. */
  readonly floorSite: string | null;
  /** Drawn at the top; empty for none. */
  readonly marks: string;
  /** Drawn large in the middle of the idle screen, and small below a picture's edge never. */
  readonly title: string;
  readonly subtitle: string;
}

export interface SceneFacts {
  readonly plan: Plan | null;
  readonly me: string;
  /** The site's own name, shown between meetings. */
  readonly name: string;
  /** Used between meetings; a meeting brings its own. */
  readonly language: Language;
  /** Some downlink of the meeting is connected and heard. */
  readonly linked: boolean;
}

/** The scene for these facts. The speaker sees the previous speaker; without one, the mosaic (see fullScreen). */
export function scene({ plan, me, name, language, linked }: SceneFacts): Scene {
  const site = plan === null ? undefined : findSite(plan, me);
  if (plan === null || site === undefined)
    return { full: 'idle', floorSite: null, marks: '', title: name, subtitle: screenText(language, 'idle') };
  const shown = fullScreen(plan, me);
  return {
    full: shown.shows === 'main' ? 'floor' : 'mosaic',
    floorSite: shown.shows === 'main' ? shown.site : null,
    marks: marks({ language: plan.language, onAir: onAir(plan) === me, muted: mutedIn(plan, me), linked }),
    title: site.name,
    subtitle: plan.title,
  };
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly alpha: number;
}

/** Where the two pictures lie on a screen of `width` × `height`. The inset is a quarter of the width, at the lower right. */
export function boxes(full: Full, width: number, height: number, inset: boolean): { readonly floor: Box; readonly mosaic: Box } {
  const whole = (alpha: number): Box => ({ x: 0, y: 0, width, height, alpha });
  const even = (value: number): number => Math.round(value / 2) * 2;
  const corner: Box = {
    x: even(width * 0.74),
    y: even(height * 0.74),
    width: even(width / 4),
    height: even(height / 4),
    alpha: inset ? 1 : 0,
  };
  switch (full) {
    case 'floor':
      return { floor: whole(1), mosaic: corner };
    case 'mosaic':
      return { floor: whole(0), mosaic: whole(1) };
    case 'idle':
      return { floor: whole(0), mosaic: whole(0) };
    default:
      return full satisfies never;
  }
}
