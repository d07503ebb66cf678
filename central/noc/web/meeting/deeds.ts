/** What an operator can do to a meeting, each as one command with a name, so that its button can show that it is on the way. */
import type { MeetingView } from '../../../../protocol/api.ts';
import type { Reply } from '../api.ts';
import type { Desk } from '../desk.tsx';
import { isMuted, returnsTo } from '../floor.ts';

/** Names of commands under way, as buttons look them up. */
export const names = {
  give: (site: string) => `give ${site}`,
  next: (site: string) => `next ${site}`,
  mute: (site: string) => `mute ${site}`,
  invite: (site: string) => `invite ${site}`,
  take: 'take',
  back: 'back',
  record: 'record',
  layout: 'layout',
  start: 'start',
  end: 'end',
} as const;

export type Deeds = ReturnType<typeof deeds>;

/** The deeds for `meeting` as it is now. `ask` is called in place of giving the floor to a site that is `absent`. */
export function deeds(
  { api, commands }: Pick<Desk, 'api' | 'commands'>,
  meeting: MeetingView,
  absent: (site: string) => boolean,
  ask: (site: string) => void,
) {
  const { id, grant } = meeting;
  const run = (name: string, act: () => Promise<Reply<unknown>>): void => void commands.run(name, act);
  const giveAnyway = (site: string): void => run(names.give(site), () => api.floor(id, site));
  const give = (site: string): void => (absent(site) ? ask(site) : giveAnyway(site));
  return {
    give,
    giveAnyway,
    take: () => run(names.take, () => api.floor(id, null)),
    /** Gives the floor to whoever is prepared; nothing when nobody is. */
    giveNext: () => {
      if (grant.next !== null) give(grant.next);
    },
    back: () => {
      if (returnsTo(meeting) !== null) run(names.back, () => api.back(id));
    },
    /** Prepares `site`, or lets it go when it is prepared already. */
    next: (site: string) => run(names.next(site), () => api.next(id, grant.next === site ? null : site)),
    mute: (site: string) => run(names.mute(site), () => api.mute(id, site, !isMuted(meeting, site))),
    muteSpeaker: () => {
      const [speaker] = grant.slots;
      if (speaker !== undefined) run(names.mute(speaker), () => api.mute(id, speaker, !isMuted(meeting, speaker)));
    },
    record: () => run(names.record, () => api.record(id, meeting.recording === null)),
    mosaic: (mosaic: MeetingView['layout']['mosaic']) => run(names.layout, () => api.layout(id, { ...meeting.layout, mosaic })),
    page: (page: number) => run(names.layout, () => api.layout(id, { ...meeting.layout, page })),
    invite: (site: string, invited: boolean) => run(names.invite(site), () => api.invite(id, site, invited)),
    start: () => run(names.start, () => api.start(id)),
    end: () => run(names.end, () => api.end(id)),
  };
}
