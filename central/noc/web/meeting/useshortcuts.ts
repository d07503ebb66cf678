/** Single keys on the meeting page, when they are switched on and nobody types. */
import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { shortcut } from '../../../../protocol/web/keys.ts';
import { useDesk } from '../desk.tsx';
import type { Scene } from './scene.ts';

export interface ShortcutTargets {
  readonly listening: Signal<boolean>;
  readonly openHelp: () => void;
}

const typing = (): boolean => {
  const at = document.activeElement;
  return document.querySelector('dialog[open]') !== null || (at !== null && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName));
};

export function useShortcuts(scene: Scene, targets: ShortcutTargets): void {
  const { prefs } = useDesk();
  const latest = useRef({ scene, targets });
  latest.current = { scene, targets };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const does = shortcut(
        { key: event.key, chord: event.ctrlKey || event.altKey || event.metaKey, repeated: event.repeat, busy: typing() },
        prefs.shortcuts.peek(),
      );
      if (does === null) return;
      event.preventDefault();
      const now = latest.current;
      const running = now.scene.meeting.state === 'running' ? now.scene.deeds : null;
      switch (does) {
        case 'next':
          return running?.giveNext();
        case 'return':
          return running?.back();
        case 'mute':
          return running?.muteSpeaker();
        case 'record':
          return running?.record();
        case 'listen':
          now.targets.listening.value = !now.targets.listening.value;
          return;
        case 'help':
          return now.targets.openHelp();
        default:
          return does satisfies never;
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [prefs]);
}
