/** Where a room's panel opens, as its box says. */
import { useWords } from '../../../../protocol/web/components/words.tsx';

export function PanelLink({ url }: { readonly url: string }) {
  const { t } = useWords();
  return (
    <p class="panel-at">
      {t('panel.at')}:{' '}
      <a href={url} target="_blank" rel="noreferrer">
        {url}
      </a>
      {url.startsWith('http://') && <span class="hint"> ({t('panel.onBox')})</span>}
    </p>
  );
}
