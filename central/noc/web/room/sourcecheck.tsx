/** Whether the picture of the site comes from a device. */
import { useId } from 'preact/hooks';
import { useWords } from '../../../../protocol/web/components/words.tsx';

interface SourceCheckProps {
  readonly checked: boolean;
  /** It gives its picture over the network itself; any other is plugged into the box. */
  readonly streams: boolean;
  /** The name of the device that is the picture now and is not this one. */
  readonly taken?: string | undefined;
  readonly onChange: (checked: boolean) => void;
}

export function SourceCheck({ checked, streams, taken, onChange }: SourceCheckProps) {
  const { t } = useWords();
  const id = useId();
  const hint = taken !== undefined ? t('device.sourceTaken', { name: taken }) : t(streams ? 'device.sourceStream' : 'device.sourcePlugged');
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          name="source"
          checked={checked}
          disabled={taken !== undefined}
          aria-describedby={id}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <span>{t('device.source')}</span>
      </label>
      <p class="hint" id={id}>
        {hint}
      </p>
    </div>
  );
}
