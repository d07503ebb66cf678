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
          running?.giveNext();
          break;
        case 'return':
          running?.back();
          break;
        case 'mute':
          running?.muteSpeaker();
          break;
        case 'record':
          running?.record();
          break;
        case 'listen':
          now.targets.listening.value = !now.targets.listening.value;
          break;
        case 'help':
          now.targets.openHelp();
          break;
        default:
          does satisfies never;
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [prefs]);
}
