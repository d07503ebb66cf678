/** A program on a machine that sends numbered packets to its like on another, and tells which have come. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../protocol/node/root.ts';
import type { Space } from './netspace.ts';

const port = 7000;

export interface Got {
  /** Numbers of the packets that came, in the order in which they came. */
  readonly got: readonly number[];
  /** Of the answers to packets that asked for one. */
  readonly rttsMs: readonly number[];
}

export interface UdpPeer {
  /** Resolves when the system has taken them. `size` of the UDP payload: a frame is 42 bytes larger. */
  send(to: {
    readonly host: string;
    readonly from?: number;
    readonly count: number;
    readonly size?: number;
    readonly echo?: boolean;
  }): Promise<void>;
  got(): Promise<Got>;
  forget(): Promise<void>;
}

/** Starts it; it ends with the machine. `bind` is the local address. */
export async function udpPeer(space: Space, bind = '0.0.0.0'): Promise<UdpPeer> {
  const program = join(packageRoot(), 'test', 'fixtures', 'udp-peer.mjs');
  const child = space.spawn(process.execPath, [program, String(port), bind], { input: 'pipe' });
  const waiting: ((line: unknown) => void)[] = [];
  const line = (): Promise<unknown> => new Promise((resolve) => waiting.push(resolve));
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => waiting.shift()?.(JSON.parse(text)));
  const ask = (command: object): Promise<unknown> => {
    const answer = line();
    child.stdin?.write(`${JSON.stringify(command)}\n`);
    return answer;
  };
  await line();
  return {
    send: async ({ from = 0, ...rest }) => void (await ask({ do: 'send', from, ...rest })),
    got: async () => (await ask({ do: 'got' })) as Got,
    forget: async () => void (await ask({ do: 'forget' })),
  };
}
