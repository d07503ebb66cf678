/** What the one file of a meeting was made of: what is missing and why, and every source file with its hash. */

import type { StitchedManifest } from '../../../../protocol/recording.ts';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { reasonIn } from '../../../../protocol/web/words.ts';

export function StitchedFacts({ manifest }: { readonly manifest: StitchedManifest }) {
  const { t, f, language } = useWords();
  const { gaps, sources, missing } = manifest;
  return (
    <div class="stitched">
      {missing.length > 0 && <p>{t('rec.lacks', { hubs: missing.join(', ') })}</p>}
      {gaps.length === 0 && missing.length === 0 && <p>{t('rec.noGaps')}</p>}
      {gaps.length > 0 && (
        <>
          <h3>{t('rec.gaps')}</h3>
          <ul>
            {gaps.map(({ track, fromMs, toMs, because }) => (
              <li key={`${track} ${fromMs}`}>
                {t(track === 'picture' ? 'rec.gapPicture' : 'rec.gapSound', {
                  long: f.duration(toMs - fromMs),
                  at: f.duration(fromMs),
                  because: reasonIn(language, because),
                })}
              </li>
            ))}
          </ul>
        </>
      )}
      <details>
        <summary>{t('rec.sources')}</summary>
        <ul>
          {sources.map(({ hub, file, bytes, sha256, refused }) => (
            <li key={`${hub} ${file}`}>
              {hub} {file} ({f.bytes(bytes)}) <code>{sha256}</code>
              {refused !== null && <span class="error"> {t('rec.refused', { because: reasonIn(language, refused) })}</span>}
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
