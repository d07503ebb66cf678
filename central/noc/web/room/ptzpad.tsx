/** Eight directions and zoom, held by mouse, finger or key. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { TextKey } from '../../../../protocol/web/catalogue/vi.ts';
import { Choice } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';
import { Hold, type Speeds } from './hold.ts';

interface Way extends Speeds {
  readonly label: TextKey;
  readonly sign: string;
}

const way = (label: TextKey, sign: string, pan: number, tilt: number, zoom = 0): Way => ({ label, sign, pan, tilt, zoom });

/** In the order in which they stand, row by row; null is the middle. */
const ways: readonly (Way | null)[] = [
  way('ptz.upLeft', '↖', -1, 1),
  way('ptz.up', '↑', 0, 1),
  way('ptz.upRight', '↗', 1, 1),
  way('ptz.left', '←', -1, 0),
  null,
  way('ptz.right', '→', 1, 0),
  way('ptz.downLeft', '↙', -1, -1),
  way('ptz.down', '↓', 0, -1),
  way('ptz.downRight', '↘', 1, -1),
];
const zooms: readonly Way[] = [way('ptz.out', '−', 0, 0, -1), way('ptz.in', '+', 0, 0, 1)];
const byKey: Readonly<Record<string, Speeds>> = {
  ArrowLeft: { pan: -1, tilt: 0, zoom: 0 },
  ArrowRight: { pan: 1, tilt: 0, zoom: 0 },
  ArrowUp: { pan: 0, tilt: 1, zoom: 0 },
  ArrowDown: { pan: 0, tilt: -1, zoom: 0 },
  '+': { pan: 0, tilt: 0, zoom: 1 },
  '=': { pan: 0, tilt: 0, zoom: 1 },
  '-': { pan: 0, tilt: 0, zoom: -1 },
};
const paces = { slow: 0.25, middle: 0.5, fast: 1 } as const;
type Pace = keyof typeof paces;

export function PtzPad({ disabled, onMove }: { readonly disabled: boolean; readonly onMove: (speeds: Speeds) => Promise<void> }) {
  const { clock } = useDesk();
  const { t } = useWords();
  const [pace, setPace] = useState<Pace>('middle');
  const hold = useMemo(() => new Hold(clock, onMove), [clock, onMove]);
  useEffect(() => {
    // Releases that are never seen: the window goes behind another, the tab is left, the pad is closed.
    const away = (): void => hold.end();
    addEventListener('blur', away);
    document.addEventListener('visibilitychange', away);
    return () => {
      removeEventListener('blur', away);
      document.removeEventListener('visibilitychange', away);
      hold.end();
    };
  }, [hold]);
  // A button that is taken away under the finger tells no release either.
  useEffect(() => {
    if (disabled) hold.end();
  }, [disabled, hold]);
  const begin = ({ pan, tilt, zoom }: Speeds): void => {
    const by = paces[pace];
    hold.begin({ pan: pan * by, tilt: tilt * by, zoom: zoom * by });
  };
  const held = (each: Way) => ({
    disabled,
    title: t(each.label),
    onPointerDown: (event: PointerEvent & { readonly currentTarget: HTMLElement }) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      begin(each);
    },
    onPointerUp: () => hold.end(),
    onPointerCancel: () => hold.end(),
    onLostPointerCapture: () => hold.end(),
    // A long press of a finger is no wish for a menu here.
    onContextMenu: (event: Event) => event.preventDefault(),
    onBlur: () => hold.end(),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      if (!event.repeat) begin(each);
    },
    onKeyUp: (event: KeyboardEvent) => {
      if (event.key === 'Enter' || event.key === ' ') hold.end();
    },
  });
  return (
    <fieldset
      class="ptz"
      onKeyDown={(event) => {
        const speeds = byKey[event.key];
        const typing = event.target instanceof HTMLSelectElement;
        if (speeds === undefined || disabled || typing) return;
        event.preventDefault();
        if (!event.repeat) begin(speeds);
      }}
      onKeyUp={(event) => {
        if (byKey[event.key] !== undefined) hold.end();
      }}
    >
      <legend>{t('ptz.title')}</legend>
      <div class="ptz-ways">
        {ways.map((each) =>
          each === null ? (
            <span key="middle" />
          ) : (
            <button key={each.label} type="button" class="ptz-way" data-act={each.label} {...held(each)}>
              <Sign way={each} />
            </button>
          ),
        )}
      </div>
      <div class="ptz-side">
        <div class="ptz-zoom">
          {zooms.map((each) => (
            <button key={each.label} type="button" class="ptz-way" data-act={each.label} {...held(each)}>
              <Sign way={each} />
            </button>
          ))}
        </div>
        <Choice
          name="pace"
          label={t('ptz.pace')}
          value={pace}
          onChange={setPace}
          options={[
            { value: 'slow', text: t('ptz.slow') },
            { value: 'middle', text: t('ptz.middle') },
            { value: 'fast', text: t('ptz.fast') },
          ]}
        />
      </div>
      <p class="hint">{t('ptz.hint')}</p>
    </fieldset>
  );
}

/** The arrow for those who see it, the word for those who hear the page. */
function Sign({ way: { sign, label } }: { readonly way: Way }) {
  const { t } = useWords();
  return (
    <>
      <span aria-hidden="true">{sign}</span>
      <span class="unseen">{t(label)}</span>
    </>
  );
}
