/** Machines on a LAN of their own: network namespaces joined by a bridge that lives in a namespace too. Nothing outside is touched. Needs root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';

export interface Machine {
  readonly name: string;
  readonly address: string;
  /** Starts a program on this machine. */
  spawn(command: string, args: readonly string[]): ChildProcess;
  /** Runs a program to its end and returns what it printed. */
  run(command: string, args: readonly string[], input?: string): string;
}

export interface Lan {
  machine(name: string): Machine;
  /** Ends every process on the machines and removes them. */
  remove(): void;
}

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

/** A LAN 10.77.0.0/24 with the named machines at .1, .2, … */
export function makeLan(names: readonly string[]): Lan {
  const id = randomBytes(3).toString('hex');
  const lan = `dc-${id}-lan`;
  const spaces = [lan];
  ip('netns', 'add', lan);
  ip('-n', lan, 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', lan, 'link', 'set', 'br0', 'up');
  const machines = names.map((name, index): Machine => {
    const space = `dc-${id}-${name}`;
    const address = `10.77.0.${index + 1}`;
    ip('netns', 'add', space);
    spaces.push(space);
    ip('-n', space, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `p${index}`, 'netns', lan);
    ip('-n', lan, 'link', 'set', `p${index}`, 'master', 'br0', 'up');
    ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', space, 'link', 'set', 'eth0', 'up');
    ip('-n', space, 'link', 'set', 'lo', 'up');
    const inside = (command: string, args: readonly string[]): string[] => ['netns', 'exec', space, command, ...args];
    return {
      name,
      address,
      spawn: (command, args) => spawn('ip', inside(command, args), { stdio: ['ignore', 'pipe', 'pipe'] }),
      run: (command, args, input) =>
        execFileSync('ip', inside(command, args), { encoding: 'utf8', ...(input === undefined ? {} : { input }) }),
    };
  });
  return {
    machine(name) {
      const found = machines.find((each) => each.name === name);
      if (found === undefined) throw new RangeError(`no machine ${name}`);
      return found;
    },
    remove() {
      for (const space of spaces) {
        const pids = ip('netns', 'pids', space).split('\n').filter(Boolean).map(Number);
        for (const pid of pids) process.kill(pid, 'SIGKILL');
        ip('netns', 'del', space);
      }
    },
  };
}
