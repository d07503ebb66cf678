/** The devices of one room, asked for anew whenever the stream says that there is news of them. */
import { useEffect, useState } from 'preact/hooks';
import type { DevicesView } from '../../../../protocol/api.ts';
import type { Trouble } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';

export type RoomState =
  | { readonly is: 'loading' }
  | { readonly is: 'here'; readonly room: DevicesView }
  | { readonly is: 'failed'; readonly trouble: Trouble };

/** A camera on the move is news ten times a second; the page looks at most so often. */
const PAUSE_MS = 300;

/** The room of `site`, and a function that asks anew at once. */
export function useRoom(site: string): readonly [RoomState, (room: DevicesView | null) => void] {
  const { api, feed, clock } = useDesk();
  const [state, setState] = useState<RoomState>({ is: 'loading' });
  const [asked, setAsked] = useState(0);
  const seq = feed.live.value?.sites.get(site)?.devices.seq ?? 0;
  useEffect(() => {
    let current = true;
    const timer = clock.after(PAUSE_MS, 'ask for devices', () => {
      void api.devices(site).then((reply) => {
        if (!current) return;
        // What is there is still shown when one request fails.
        setState((before) =>
          reply.ok ? { is: 'here', room: reply.value } : before.is === 'here' ? before : { is: 'failed', trouble: reply.trouble },
        );
      });
    });
    return () => {
      current = false;
      timer.cancel();
    };
  }, [api, clock, site, seq, asked]);
  return [
    state,
    (room) => {
      if (room === null) setAsked((count) => count + 1);
      else setState({ is: 'here', room });
    },
  ];
}
