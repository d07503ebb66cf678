/** Single-key shortcuts of the meeting page, as data. They can be switched off (WCAG 2.1.4) and never act while somebody types. Pure. */
import type { TextKey } from './catalogue/vi.ts';

export type Shortcut = 'next' | 'return' | 'mute' | 'record' | 'listen' | 'help';

export interface Binding {
  readonly key: string;
  readonly does: Shortcut;
  readonly label: TextKey;
}

export const bindings: readonly Binding[] = [
  { key: 'n', does: 'next', label: 'key.next' },
  { key: 'b', does: 'return', label: 'key.return' },
  { key: 'm', does: 'mute', label: 'key.mute' },
  { key: 'r', does: 'record', label: 'key.record' },
  { key: 'l', does: 'listen', label: 'key.listen' },
  { key: '?', does: 'help', label: 'key.help' },
];

export interface Pressed {
  readonly key: string;
  /** Ctrl, Alt or Meta is held. */
  readonly chord: boolean;
  /** The key is held down and repeats. */
  readonly repeated: boolean;
  /** The focus is where text is typed or a dialog is open. */
  readonly busy: boolean;
}

/** What a key press means here, or null. */
export function shortcut(pressed: Pressed, enabled: boolean): Shortcut | null {
  if (!enabled || pressed.chord || pressed.repeated || pressed.busy) return null;
  return bindings.find((each) => each.key === pressed.key.toLowerCase())?.does ?? null;
}

/** The tile that an arrow key leads to, among `count` tiles in rows of `columns`; null when it leads nowhere. */
export function arrow(key: string, from: number, count: number, columns: number): number | null {
  const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const step = steps[key];
  if (step === undefined) return null;
  const to = from + step;
  return to >= 0 && to < count ? to : null;
}
