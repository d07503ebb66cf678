/** All sites and hubs with their figures; administrators add, change and remove them here. */
import { useState } from 'preact/hooks';
import type { SiteView } from '../../../../protocol/api.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { compareSites, matches } from '../../../../protocol/web/search.ts';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk, useMay } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import type { Live } from '../live.ts';
import { hashOf } from '../route.ts';
import { withNames } from '../story.ts';
import { HubTable } from './hubs.tsx';
import { type Change, RegistryDialog } from './registrydialog.tsx';

export function SitesPage() {
  const { feed } = useDesk();
  const { administer } = useMay();
  const { t } = useWords();
  const [wanted, setWanted] = useState('');
  const [change, setChange] = useState<Change | null>(null);
  const live = feed.live.value;
  if (live === null) return <Empty text={t('app.loading')} />;
  const fresh = feed.freshness.value.is === 'live';
  const all = [...live.sites.values()].sort(compareSites);
  const shown = all.filter((each) => matches(`${each.name} ${each.site}`, wanted));
  return (
    <div class="sheet wide">
      <Heading title={t('registry.sites')}>
        <Field name="search" type="search" label={t('act.search')} value={wanted} onInput={setWanted} />
        {administer && (
          <Button icon="plus" look="primary" act="add-site" onPress={() => setChange({ do: 'add-site' })}>
            {t('registry.addSite')}
          </Button>
        )}
      </Heading>
      {shown.length === 0 ? (
        <Empty text={wanted === '' ? t('registry.none') : t('registry.noMatch', { text: wanted })} />
      ) : (
        <SiteTable sites={shown} live={live} fresh={fresh} onChange={administer ? setChange : null} />
      )}
      <HubTable live={live} fresh={fresh} onChange={administer ? setChange : null} />
      {change !== null && <RegistryDialog change={change} onClose={() => setChange(null)} />}
    </div>
  );
}

interface TableProps {
  readonly sites: readonly SiteView[];
  readonly live: Live;
  readonly fresh: boolean;
  readonly onChange: ((change: Change) => void) | null;
}

function SiteTable({ sites, live, fresh, onChange }: TableProps) {
  const { t, f, language } = useWords();
  return (
    <div class="table-frame">
      <table data-stale={!fresh}>
        <thead>
          <tr>
            <th scope="col">{t('site.name')}</th>
            <th scope="col">{t('site.state')}</th>
            <th scope="col" class="num">
              {t('site.loss')}
            </th>
            <th scope="col" class="num">
              {t('site.rtt')}
            </th>
            <th scope="col" class="num">
              {t('site.up')}
            </th>
            <th scope="col" class="num">
              {t('site.down')}
            </th>
            <th scope="col">{t('site.hub')}</th>
            <th scope="col">{t('registry.protection')}</th>
            <th scope="col">{t('site.devices')}</th>
            <th scope="col">{t('site.because')}</th>
            <th scope="col">{t('site.since')}</th>
            {onChange !== null && <th scope="col" aria-label={t('act.change')} />}
          </tr>
        </thead>
        <tbody>
          {sites.map((each) => (
            <tr key={each.site}>
              <th scope="row">
                {each.name} <code>{each.site}</code>
              </th>
              <td>
                <StateMark health={fresh ? (live.health.get(each.site) ?? 'unknown') : 'unknown'} full />
              </td>
              <td class="num">{f.percent(each.lossPercent)}</td>
              <td class="num">{f.ms(each.rttMs)}</td>
              <td class="num">{f.rate(each.upKbps)}</td>
              <td class="num">{f.rate(each.downKbps)}</td>
              <td>{each.hub === null ? f.number(null) : (live.hubs.get(each.hub)?.name ?? each.hub)}</td>
              <td class="nowrap">{t(`protection.${each.protection}`)}</td>
              <td class="nowrap">
                <RoomLink site={each} />
              </td>
              <td class="text">{withNames(live, reasonIn(language, each.because))}</td>
              <td class="nowrap">{f.when(each.since)}</td>
              {onChange !== null && (
                <td class="row-acts">
                  <Button
                    icon="edit"
                    size="small"
                    look="quiet"
                    label={t('registry.changeTitle', { name: each.name })}
                    act={`change-${each.site}`}
                    onPress={() => onChange({ do: 'change-site', site: each.site, name: each.name, protection: each.protection })}
                  />
                  <Button
                    icon="trash"
                    size="small"
                    look="quiet"
                    label={t('registry.removeSite', { name: nameOf(live.sites, each.site) })}
                    onPress={() => onChange({ do: 'remove-site', site: each.site, name: each.name })}
                  />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How many devices the room has, and whether somebody should look there. */
function RoomLink({ site: { site, name, devices } }: { readonly site: SiteView }) {
  const { t, f } = useWords();
  const { driven, wrong, found } = devices;
  return (
    <a class="room-link" href={hashOf({ page: 'room', site })} data-room={site}>
      {t('room.devices', { n: f.number(driven) })}
      <span class="unseen">{t('room.title', { name })}</span>
      {wrong > 0 && <span class="badge danger">{t('room.wrong', { n: f.number(wrong) })}</span>}
      {found > 0 && <span class="badge news">{t('room.new', { n: f.number(found) })}</span>}
    </a>
  );
}
