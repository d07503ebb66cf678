/** Orders to the demo's simulators, a line each. */
import { connect, type Socket } from 'node:net';
import { Refused } from './kind.ts';

/** Says a line to a port of loopback or a socket of the file system; resolves with the answer. @throws Refused when nobody is there. */
export function tell(where: number | string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(new Refused(`the simulator does not answer: ${error.message}`));
    const said = (socket: Socket): void => {
      socket.once('error', refuse);
      socket.once('data', (bytes: Buffer) => {
        socket.end();
        resolve(bytes.toString().trim());
      });
      socket.write(`${line}\n`);
    };
    said(typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where));
  });
}

/** The same to a simulator that answers `{"ok":…}`. @throws Refused with what it says. */
export async function order(socket: string, line: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = JSON.parse(await tell(socket, line)) as Readonly<Record<string, unknown>>;
  if (answer['ok'] !== true) throw new Refused(String(answer['because']));
  return answer;
}
