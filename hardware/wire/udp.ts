/** Datagrams to and from one device. There is no connection: a device that is away is noticed by its silence. */
import { createSocket } from 'node:dgram';
import { FaultError } from '../../protocol/fault.ts';
import type { Port } from './port.ts';

export function udpPort(host: string, port: number): Port {
  const name = `${host}:${port}/udp`;
  return {
    name,
    open: ({ data, ended }) =>
      new Promise((resolve, reject) => {
        const socket = createSocket({ type: 'udp4' });
        let over = false;
        const finish = (because: string): void => {
          if (over) return;
          over = true;
          socket.close();
          ended(because);
        };
        const refused = (error: Error): void => {
          socket.close();
          reject(new FaultError({ code: 'unreachable', what: name, because: error.message }));
        };
        socket.once('error', refused);
        // Connected: datagrams of others are not delivered, and "port unreachable" comes back as an error.
        socket.connect(port, host, () => {
          socket.off('error', refused);
          socket.on('error', (error) => finish(error.message));
          socket.on('message', (bytes) => {
            if (!over) data(bytes);
          });
          const gone = (because: string) => new FaultError({ code: 'device.gone', device: name, command: 'write', because });
          resolve({
            write: (bytes) =>
              new Promise((sent, failed) => {
                if (over) return failed(gone('the socket is closed'));
                socket.send(bytes, (error) => (error === null ? sent() : failed(gone(error.message))));
              }),
            close: async () => finish('closed'),
          });
        });
      }),
  };
}
