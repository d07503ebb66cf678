/** Which display a site uses: what the configuration names, or the best that this machine has, and why. Pure. */

export const displayKinds = ['auto', 'headless', 'count', 'kms', 'x11', 'wayland'] as const;
export type DisplayKind = (typeof displayKinds)[number];

/**
 * `screen`: drawn by `element`. `headless`: decoded and counted, nothing drawn. `count`: packets are counted, nothing is decoded.
 */
export type Display =
  | { readonly kind: 'screen'; readonly element: 'kmssink' | 'ximagesink' | 'waylandsink'; readonly because: string }
  | { readonly kind: 'headless'; readonly because: string }
  | { readonly kind: 'count'; readonly because: string };

/** What the machine offers, read by the root. */
export interface DisplayFacts {
  /** Value of WAYLAND_DISPLAY, null when unset. */
  readonly wayland: string | null;
  /** Value of DISPLAY, null when unset. */
  readonly x11: string | null;
  /** A connected output below /sys/class/drm, such as card0-HDMI-A-1; null without one. */
  readonly kms: string | null;
}

const sinkOf = { kms: 'kmssink', x11: 'ximagesink', wayland: 'waylandsink' } as const;

/** Chooses. A named display is taken at its word: when it is not there the worker says so, which is better than a silent other one. */
export function chooseDisplay(wanted: DisplayKind, facts: DisplayFacts): Display {
  switch (wanted) {
    case 'count':
      return { kind: 'count', because: 'set in the configuration' };
    case 'headless':
      return { kind: 'headless', because: 'set in the configuration' };
    case 'kms':
    case 'x11':
    case 'wayland':
      return { kind: 'screen', element: sinkOf[wanted], because: 'set in the configuration' };
    case 'auto':
      if (facts.wayland !== null)
        return { kind: 'screen', element: 'waylandsink', because: `a Wayland session is running (${facts.wayland})` };
      if (facts.x11 !== null) return { kind: 'screen', element: 'ximagesink', because: `an X server is running (${facts.x11})` };
      if (facts.kms !== null) return { kind: 'screen', element: 'kmssink', because: `a screen is connected (${facts.kms})` };
      return { kind: 'headless', because: 'no Wayland session, no X server, no connected screen' };
    default:
      return wanted satisfies never;
  }
}

/** The choice in a few words, for the report. */
export const describeDisplay = (display: Display): string => (display.kind === 'screen' ? display.element : display.kind);
