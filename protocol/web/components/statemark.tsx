/** The mark of a state: shape, letter, colour, and the word for those who hear the page. */
import { type Health, marks } from '../health.ts';
import { useWords } from './words.tsx';

const Shape = ({ shape }: { readonly shape: (typeof marks)[Health]['shape'] }) => {
  switch (shape) {
    case 'circle':
      return <circle cx="8" cy="8" r="6.5" fill="currentColor" />;
    case 'triangle':
      return <path d="M8 1.5 15.2 14H.8Z" fill="currentColor" />;
    case 'square':
      return <rect x="2" y="2" width="12" height="12" fill="currentColor" />;
    case 'cross':
      return (
        <g>
          <rect x="1" y="1" width="14" height="14" rx="2" fill="currentColor" />
          <path d="M4.5 4.5l7 7M11.5 4.5l-7 7" stroke="#fff" stroke-width="2.4" stroke-linecap="round" />
        </g>
      );
    case 'ring':
      return <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" />;
    case 'hatched':
      return <path d="M2 2h12v12H2ZM2 7l5-5M2 12 12 2M4 14 14 4M9 14l5-5" fill="none" stroke="currentColor" stroke-width="1.5" />;
    default:
      return shape satisfies never;
  }
};

export function StateMark({ health, full = false }: { readonly health: Health; readonly full?: boolean }) {
  const { t } = useWords();
  const mark = marks[health];
  return (
    <span class="mark" data-health={health} title={t(mark.label)}>
      <svg class="mark-shape" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        <Shape shape={mark.shape} />
      </svg>
      {full ? (
        <span class="mark-word">{t(mark.label)}</span>
      ) : (
        <>
          <span class="mark-letter" aria-hidden="true">
            {t(mark.letter)}
          </span>
          <span class="unseen">{t(mark.label)}</span>
        </>
      )}
    </span>
  );
}
