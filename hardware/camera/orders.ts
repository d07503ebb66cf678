/** What can be told to a simulated camera while it runs: `freeze`, `black`, `live`, a line each on a port of loopback. Each is answered by a line. */
import { createServer, type Server } from 'node:net';
import { brief, FaultError } from '../../protocol/fault.ts';
import { LineSplitter } from '../../protocol/node/lines.ts';

export const orders = ['live', 'freeze', 'black'] as const;
export type Order = (typeof orders)[number];

const orderOf = (line: string): Order | null => orders.find((order) => order === line.trim()) ?? null;

/** @param port 0: a free one. @throws FaultError conflict when it is taken. */
export async function takeOrders(port: number, obey: (order: Order) => Promise<void>): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    const lines = new LineSplitter();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) void answer(line).then((said) => socket.write(`${said}\n`));
    });
  });
  const answer = async (line: string): Promise<string> => {
    const order = orderOf(line);
    if (order === null) return `there is no order ${JSON.stringify(line.slice(0, 40))}; there are: ${orders.join(', ')}`;
    try {
      await obey(order);
      return order;
    } catch (error) {
      if (error instanceof FaultError) return brief(error.fault);
      throw error;
    }
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new FaultError({ code: 'conflict', what: `port ${port}`, reason: error.message })));
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : port };
}
