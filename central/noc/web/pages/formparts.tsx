/** What forms share: a password that is being chosen, and why the form was refused. Paste and password managers work (WCAG 3.3.8). */
import { Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { passwordMax, passwordMin } from '../../../../protocol/web/limits.ts';

interface Typed {
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** A password that is being chosen. */
export function NewPassword({ label, autofocus = false, ...typed }: Typed & { readonly label: string; readonly autofocus?: boolean }) {
  const { t } = useWords();
  return (
    <Field
      name="password"
      type="password"
      label={label}
      hint={t('password.hint', { min: passwordMin })}
      autocomplete="new-password"
      required
      minLength={passwordMin}
      maxLength={passwordMax}
      autofocus={autofocus}
      {...typed}
    />
  );
}

/** The same once more, against slips. */
export function PasswordAgain(typed: Typed) {
  const { t } = useWords();
  return <Field name="again" type="password" label={t('password.again')} autocomplete="new-password" required {...typed} />;
}

/** Why the form was refused, said to everybody; nothing when it was not. */
export function Refusal({ because }: { readonly because: string | null }) {
  return because === null ? null : (
    <p class="error" role="alert">
      {because}
    </p>
  );
}
