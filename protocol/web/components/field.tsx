/** A labelled input with its hint and its error where the reader looks, also for those who hear the page. */
import { useId, useState } from 'preact/hooks';
import type { TextKey } from '../catalogue/vi.ts';
import { useWords } from './words.tsx';

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: 'text' | 'password' | 'search';
  readonly hint?: string | undefined;
  readonly error?: string | null | undefined;
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly placeholder?: string;
  readonly autofocus?: boolean;
  /** Which keys a touch screen shows. */
  readonly inputMode?: 'numeric';
  /** The name of the field in a request: tests find it by this. */
  readonly name: string;
}

/** Why the browser refuses a value. The browser's own words would be in the browser's language, not in the chosen one. */
function reasonKey({ valueMissing, tooShort, tooLong }: ValidityState): TextKey {
  if (valueMissing) return 'reason.missing';
  if (tooShort) return 'reason.short';
  return tooLong ? 'reason.long' : 'reason.pattern';
}

export function Field(props: FieldProps) {
  const { label, value, onInput, type = 'text', hint, name } = props;
  const { t } = useWords();
  const id = useId();
  const [refused, setRefused] = useState<string | null>(null);
  const error = refused ?? props.error ?? null;
  const described = [hint === undefined ? '' : `${id}-hint`, error === null ? '' : `${id}-error`].filter((each) => each !== '').join(' ');
  const common = {
    id,
    name,
    value,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => {
      setRefused(null);
      onInput(event.currentTarget.value);
    },
    onInvalid: (event: Event & { readonly currentTarget: HTMLInputElement }) => {
      event.preventDefault();
      const input = event.currentTarget;
      const n = input.validity.tooLong ? input.maxLength : input.minLength;
      setRefused(t('problem.field', { field: label, reason: t(reasonKey(input.validity), { n }) }));
      if (input.form?.querySelector(':invalid:not(fieldset)') === input) input.focus();
    },
    autocomplete: props.autocomplete ?? 'off',
    required: props.required,
    minLength: props.minLength,
    maxLength: props.maxLength,
    pattern: props.pattern,
    placeholder: props.placeholder,
    autofocus: props.autofocus,
    inputMode: props.inputMode,
    spellcheck: false,
    'aria-invalid': error !== null,
    'aria-describedby': described === '' ? undefined : described,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === 'password' && <input type="password" {...common} />}
      {type === 'search' && <input type="search" {...common} />}
      {type === 'text' && <input type="text" {...common} />}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== null && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly onChange: (value: T) => void;
  readonly name: string;
  readonly labelHidden?: boolean;
}

/** A choice of a few. */
export function Choice<T extends string>({ label, value, options, onChange, name, labelHidden = false }: ChoiceProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={labelHidden ? 'unseen' : undefined}>
        {label}
      </label>
      <select
        id={id}
        name={name}
        value={value}
        onChange={(event) => {
          const chosen = options.find((each) => each.value === event.currentTarget.value);
          if (chosen !== undefined) onChange(chosen.value);
        }}
      >
        {options.map((each) => (
          <option key={each.value} value={each.value}>
            {each.text}
          </option>
        ))}
      </select>
    </div>
  );
}
