/** The frame of what is seen before one is logged in. */
import type { ComponentChildren } from 'preact';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { LanguageSwitch } from './header.tsx';

export interface DoorProps {
  readonly title: string;
  readonly onSubmit: () => void;
  readonly children: ComponentChildren;
}

export function Door({ title, onSubmit, children }: DoorProps) {
  const { t } = useWords();
  return (
    <main class="door">
      <div class="door-language">
        <LanguageSwitch />
      </div>
      <div class="door-brand">
        <img src={document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href} alt="" width="56" height="56" />
        <div>
          <p class="door-name">{t('app.name')}</p>
          <p class="door-intro">{t('login.intro')}</p>
        </div>
      </div>
      <form
        class="card door-card"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <h1>{title}</h1>
        {children}
      </form>
    </main>
  );
}
