/** Machines on a LAN of their own: network namespaces joined by a bridge that lives in a namespace too. Nothing outside is touched. Needs root. */
import { makeSpaces, type Space } from './netspace.ts';

export interface Machine extends Pick<Space, 'spawn' | 'run'> {
  readonly name: string;
  /** Its network namespace. */
  readonly space: Space;
  readonly address: string;
}

export interface Lan {
  machine(name: string): Machine;
  /** Ends every process on the machines and removes them. */
  remove(): void;
}

/** A LAN 10.77.0.0/24 with the named machines at .1, .2, … */
export function makeLan(names: readonly string[]): Lan {
  const spaces = makeSpaces();
  const lan = spaces.add('lan');
  lan.ip(['link add br0 type bridge', 'link set br0 up']);
  const machines = names.map((name, index): Machine => {
    const space = spaces.add(name);
    const address = `10.77.0.${index + 1}`;
    space.ip([`link add eth0 type veth peer name p${index} netns ${lan.id}`, `addr add ${address}/24 dev eth0`, 'link set eth0 up']);
    lan.ip([`link set p${index} master br0 up`]);
    return { name, space, address, spawn: space.spawn, run: space.run };
  });
  return {
    machine(name) {
      const found = machines.find((each) => each.name === name);
      if (found === undefined) throw new RangeError(`no machine ${name}`);
      return found;
    },
    remove: spaces.remove,
  };
}
