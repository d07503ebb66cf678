/** Faults of the simulated codecs in the rooms. */
import { codecPort, roomsSocket } from '../demo/rooms.ts';
import { type Demo, firstSite, type Kinds, Refused, seconds } from './kind.ts';
import { order } from './orders.ts';

const look =
  "Điểm cầu → the room's devices: the codec's call, whom the box calls again and when. In the first site the picture comes from the codec: the backup camera takes the air until a call stands again";

function port({ data }: Demo, site: string): string {
  const found = codecPort(data, site);
  if (found === null) throw new Refused(`there is no codec in ${site}; ${firstSite} has one`);
  return found;
}

export const codecs: Kinds = {
  codec: {
    takes: '[SITE]',
    about: 'the far end hangs up on the codec of a site',
    async run(demo, [site = firstSite]) {
      await order(roomsSocket(demo.data), `${port(demo, site)} happen hang-up`);
      return { did: `the far end has hung up on the codec (${site})`, look };
    },
  },
  'codec-line': {
    takes: '[SITE] [SECONDS]',
    about: 'pulls the serial cable of the codec of a site (default: for 15 s)',
    async run(demo, [site = firstSite, time]) {
      const forS = seconds(time, 15);
      await order(roomsSocket(demo.data), `${port(demo, site)} vanish for ${forS}`);
      return { did: `pulled the serial cable of the codec for ${forS} s (${site})`, look };
    },
  },
};
