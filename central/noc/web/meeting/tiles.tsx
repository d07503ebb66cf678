/** All sites of the meeting, in the order of the mosaic. Arrow keys go from tile to tile, Tab goes through the buttons. */
import { useRef } from 'preact/hooks';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { arrow } from '../../../../protocol/web/keys.ts';
import { columnsFor } from '../floor.ts';
import { useScene } from './scene.ts';
import { Tile } from './tile.tsx';

export function Tiles() {
  const { meeting } = useScene();
  const { t } = useWords();
  const list = useRef<HTMLUListElement>(null);
  const columns = columnsFor(meeting.sites.length);

  const onKeyDown = (event: KeyboardEvent): void => {
    const tiles = [...(list.current?.querySelectorAll<HTMLElement>('.tile') ?? [])];
    const from = tiles.findIndex((each) => each.contains(document.activeElement));
    if (from < 0) return;
    const to = arrow(event.key, from, tiles.length, columns);
    if (to === null) return;
    event.preventDefault();
    tiles[to]?.querySelector<HTMLElement>('.tile-name')?.focus();
  };

  return (
    <ul
      class="tiles"
      id="sites"
      ref={list}
      tabIndex={-1}
      aria-label={t('tile.sites')}
      data-columns={columns}
      style={{ '--columns': columns }}
      onKeyDown={onKeyDown}
    >
      {meeting.sites.map((each) => (
        <Tile key={each.site} site={each.site} />
      ))}
    </ul>
  );
}
