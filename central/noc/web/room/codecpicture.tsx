/** Of the codec that is the site's picture: whether it is on the air, whom the box calls again, and what a person may decide. */
import type { CodecPicture, DrivenDevice, PictureOrder } from '../../../../protocol/schema/devices.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk } from '../desk.tsx';

interface CodecPictureProps {
  readonly site: string;
  readonly device: DrivenDevice;
  readonly picture: CodecPicture;
  readonly may: boolean;
}

export function CodecPictureRow({ site, device, picture, may }: CodecPictureProps) {
  const { api, commands } = useDesk();
  const { t, f, language } = useWords();
  const { shown, because, redial } = picture;
  const name = (order: PictureOrder): string => `${site} ${device.id} ${order}`;
  const act = (order: PictureOrder) => ({
    act: order,
    size: 'small' as const,
    sending: commands.pending.value.has(name(order)),
    onPress: () => void commands.run(name(order), () => api.orderPicture(site, device.id, order)),
  });
  return (
    <div class="codec-picture" data-shown={shown}>
      <p>
        <StateMark health={shown ? 'good' : 'degraded'} />{' '}
        {t(shown ? 'codec.shown' : 'codec.away', { because: reasonIn(language, because) })}
      </p>
      {redial !== null && <p class="hint">{t('codec.redial', { address: redial.address, tries: redial.tries, at: f.clock(redial.at) })}</p>}
      {!shown && may && (
        <div class="row-acts">
          <Button look="primary" {...act('return')}>
            {t('codec.return')}
          </Button>
          {redial === null ? (
            <Button look="plain" {...act('redial')}>
              {t('codec.redialNow')}
            </Button>
          ) : (
            <Button look="plain" {...act('stop-redial')}>
              {t('codec.stopRedial')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
