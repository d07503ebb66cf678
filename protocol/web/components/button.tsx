/** A button that says what it does, and "sending" while its command is under way. */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';
import { useWords } from './words.tsx';

export interface ButtonProps {
  readonly onPress?: (() => void) | undefined;
  /** Without it, the children are the name. */
  readonly label?: string | undefined;
  readonly icon?: IconName | undefined;
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet' | undefined;
  readonly size?: 'small' | 'normal' | undefined;
  readonly pressed?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly sending?: boolean | undefined;
  readonly type?: 'button' | 'submit' | undefined;
  readonly children?: ComponentChildren;
  /** Names the button for tests and style. */
  readonly act?: string | undefined;
}

export function Button({
  onPress,
  label,
  icon,
  look = 'plain',
  size = 'normal',
  pressed,
  disabled = false,
  sending = false,
  type = 'button',
  children,
  act,
}: ButtonProps) {
  const { t } = useWords();
  return (
    <button
      type={type}
      class="button"
      data-look={look}
      data-size={size}
      data-act={act}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-busy={sending}
      disabled={disabled}
      onClick={() => {
        if (!sending) onPress?.();
      }}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children !== undefined && <span class="button-text">{sending ? t('act.sending') : children}</span>}
    </button>
  );
}
