/** Faults of the demo's network. Its simulator ends them by itself, whatever becomes of this command. */
import { brokerWay, networkSocket, wanLinks } from '../demo/network.ts';
import { type Kinds, Refused, seconds } from './kind.ts';
import { order } from './orders.ts';

const names = wanLinks.map(({ name }) => name);
const wanNamed = (text: string): string => {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new Refused(`there is no path ${text}; there are: ${names.join(', ')}`);
  return found;
};

const KBPS_LEAST = 100;

export const network: Kinds = {
  path: {
    takes: `[${names.join('|')}] [SECONDS]`,
    about: 'cuts one of the two WAN links of the first site (default: wan2 for 15 s)',
    async run({ data }, [name = 'wan2', time]) {
      const forS = seconds(time, 15);
      await order(networkSocket(data), `${wanNamed(name)} cut for ${forS}`);
      return {
        did: `cut ${name} of the first site for ${forS} s`,
        look: 'the floor and the sound lose nothing; Điểm cầu shows the path as lost, the log tells when it went and came',
      };
    },
  },
  'only-path': {
    takes: '[SECONDS]',
    about: 'cuts both WAN links of the first site (default: 8 s)',
    async run({ data }, [time]) {
      const forS = seconds(time, 8);
      for (const name of names) await order(networkSocket(data), `${name} cut for ${forS}`);
      return {
        did: `cut ${names.join(' and ')} of the first site for ${forS} s`,
        look: "the site's tile becomes a slate and comes back by itself within a second of the return",
      };
    },
  },
  narrow: {
    takes: 'KBPS [SECONDS]',
    about: 'narrows both WAN links of the first site (default: for 30 s)',
    async run({ data }, [kbps = '', time]) {
      if (!/^\d{1,6}$/.test(kbps) || Number(kbps) < KBPS_LEAST)
        throw new Refused(`say to how many kbit/s, ${KBPS_LEAST} at least: narrow 400`);
      const forS = seconds(time, 30);
      for (const name of names) await order(networkSocket(data), `${name} narrow ${kbps} for ${forS}`);
      return {
        did: `narrowed ${names.join(' and ')} of the first site to ${kbps} kbit/s for ${forS} s`,
        look: 'what the site receives: lost packets and the reason beside its tile; sound is served first',
      };
    },
  },
  broker: {
    takes: '[SECONDS]',
    about: 'cuts all boxes and hubs off from the broker, while page and API live (default: 20 s)',
    async run({ data }, [time]) {
      const forS = seconds(time, 20);
      await order(networkSocket(data), `${brokerWay.name} cut for ${forS}`);
      return {
        did: `cut the broker off for ${forS} s`,
        look: 'after some seconds all sites and hubs are said to be silent, picture and sound go on; afterwards the log has what happened meanwhile',
      };
    },
  },
};
