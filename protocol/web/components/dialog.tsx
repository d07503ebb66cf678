/** A modal dialog: the browser's own keeps the focus inside and closes on Escape. */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { useWords } from './words.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const { t } = useWords();
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  // Before anything is painted: who sees the dialog can already close it.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  // Taking it off the page closes it too, and the browser tells that late: it is no wish of the user's, and another dialog may stand there by then.
  const closed = () => ref.current !== null && onClose();
  return (
    <dialog ref={ref} class="dialog" data-wide={wide} aria-labelledby={id} onClose={closed}>
      <header class="dialog-head">
        <h2 id={id}>{title}</h2>
        <Button icon="close" look="quiet" label={t('act.close')} onPress={onClose} />
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

export interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly act: string;
  readonly sending?: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** A question before what cannot be undone. The safe answer has the focus. */
export function Confirm({ title, text, act, sending = false, onYes, onNo }: ConfirmProps) {
  const { t } = useWords();
  return (
    <Dialog title={title} onClose={onNo}>
      <p>{text}</p>
      <div class="actions">
        <Button act="confirm" look="danger" sending={sending} onPress={onYes}>
          {act}
        </Button>
        <Button act="cancel" onPress={onNo}>
          {t('act.cancel')}
        </Button>
      </div>
    </Dialog>
  );
}
