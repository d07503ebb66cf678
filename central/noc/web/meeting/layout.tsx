/** What the mosaic shows: all alike or the speaker large, and which page of sites. Stands on the mosaic itself. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { pagesOf } from '../floor.ts';
import { names } from './deeds.ts';
import { useScene } from './scene.ts';

export function Layout() {
  const { meeting, deeds, sending } = useScene();
  const { t, f } = useWords();
  const pages = pagesOf(meeting);
  if (deeds === null) return null;
  const { mosaic, page } = meeting.layout;
  return (
    <fieldset class="layout">
      <legend class="unseen">{t('meeting.layout')}</legend>
      {(['grid', 'speaker'] as const).map((each) => (
        <Button
          key={each}
          size="small"
          icon={each === 'grid' ? 'grid' : 'speaker'}
          pressed={mosaic === each}
          label={t(each === 'grid' ? 'meeting.layoutGrid' : 'meeting.layoutSpeaker')}
          act={`layout-${each}`}
          onPress={() => deeds.mosaic(each)}
        />
      ))}
      {pages > 1 && (
        <>
          <Button
            size="small"
            icon="left"
            label={t('meeting.pagePrevious')}
            disabled={page === 0 || sending(names.layout)}
            onPress={() => deeds.page(page - 1)}
          />
          <span class="page-count" title={t('meeting.page', { n: f.number(page + 1), all: f.number(pages) })}>
            {f.number(page + 1)}/{f.number(pages)}
          </span>
          <Button
            size="small"
            icon="right"
            label={t('meeting.pageNext')}
            disabled={page >= pages - 1 || sending(names.layout)}
            onPress={() => deeds.page(page + 1)}
          />
        </>
      )}
    </fieldset>
  );
}
