/** The devices of one room, asked for anew whenever the stream says that there is news of them or of their box. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DevicesView } from '../../../../protocol/api.ts';
import type { Trouble } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { Renewal } from './renewal.ts';

export type RoomState =
  | { readonly is: 'loading' }
  | { readonly is: 'here'; readonly room: DevicesView }
  | { readonly is: 'failed'; readonly trouble: Trouble };

/** The room of `site`, and a function that takes what an act has answered, or asks anew for null. */
export function useRoom(site: string): readonly [RoomState, (room: DevicesView | null) => void] {
  const { api, feed, clock } = useDesk();
  const [state, setState] = useState<RoomState>({ is: 'loading' });
  const renewing = useRef<Renewal | null>(null);
  useEffect(() => {
    let current = true;
    setState({ is: 'loading' });
    const renewal = new Renewal(clock, async () => {
      const reply = await api.devices(site);
      if (!current) return true;
      // What is there is still shown when one request fails.
      setState((before) =>
        reply.ok ? { is: 'here', room: reply.value } : before.is === 'here' ? before : { is: 'failed', trouble: reply.trouble },
      );
      return reply.ok;
    });
    renewing.current = renewal;
    renewal.news();
    return () => {
      current = false;
      renewal.stop();
    };
  }, [api, clock, site]);
  const row = feed.live.value?.sites.get(site);
  // A box that goes says nothing of its devices any more: that it went is the news.
  const news = `${row?.devices.seq ?? 0} ${row?.devices.driven ?? 0} ${row?.state ?? ''} ${feed.freshness.value.is}`;
  useEffect(() => renewing.current?.news(), [news]);
  return [
    state,
    (room) => {
      if (room === null) renewing.current?.news();
      else setState({ is: 'here', room });
    },
  ];
}
