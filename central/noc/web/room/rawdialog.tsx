/** A line in the device's own language. For administrators; what is said stands in the audit log, passwords left out. */
import { useState } from 'preact/hooks';
import type { ActResult } from '../../../../protocol/schema/device.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk } from '../desk.tsx';
import { Refusal } from '../pages/formparts.tsx';

interface RawProps {
  readonly site: string;
  readonly device: string;
  readonly name: string;
  readonly onClose: () => void;
}

export function RawDialog({ site, device, name, onClose }: RawProps) {
  const { api } = useDesk();
  const { t, language } = useWords();
  const [text, setText] = useState('');
  const [result, setResult] = useState<ActResult | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const send = async (): Promise<void> => {
    if (sending) return;
    setSending(true);
    const reply = await api.rawTo(site, device, text);
    setSending(false);
    setError(reply.ok ? null : sentence(language, reply.trouble));
    setResult(reply.ok ? reply.value : null);
  };
  return (
    <Dialog title={t('device.rawTitle', { name })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Field
          name="text"
          label={t('device.rawText')}
          hint={t('device.rawHint')}
          value={text}
          onInput={setText}
          required
          maxLength={500}
          autofocus
        />
        <Refusal because={error} />
        {result !== null && (
          <output class="raw-answer">
            {`${result.outcome}: ${reasonIn(language, result.because)}`}
            {result.answer !== undefined && <pre>{result.answer}</pre>}
          </output>
        )}
        <div class="actions">
          <Button type="submit" look="primary" act="send" sending={sending}>
            {t('device.rawSend')}
          </Button>
          <Button onPress={onClose}>{t('act.close')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
