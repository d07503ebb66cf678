/** The camera's pair of UDP ports: RTP on an even one, RTCP on the next. What viewers send there is not read. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { FaultError } from '../../protocol/fault.ts';
import type { UdpPorts } from './transport.ts';

const TRIES = 20;

export interface UdpPair extends UdpPorts {
  /** Sends and forgets: what does not leave is lost, as on a network. */
  send(from: 'rtp' | 'rtcp', packet: Buffer, port: number, address: string): void;
  close(): void;
}

async function bound(host: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  try {
    const listening = once(socket, 'listening');
    socket.bind(port, host);
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  // A viewer that has gone answers with "port unreachable": its own affair.
  socket.on('error', () => {});
  return socket;
}

/** @throws FaultError exhausted when no pair of ports is free. */
export async function udpPair(host: string): Promise<UdpPair> {
  let because = '';
  for (let i = 0; i < TRIES; i++) {
    const first = await bound(host, 0);
    const { port } = first.address();
    const beside = port % 2 === 0 ? port + 1 : port - 1;
    try {
      const second = await bound(host, beside);
      const [rtp, rtcp] = port % 2 === 0 ? [first, second] : [second, first];
      return {
        rtp: Math.min(port, beside),
        rtcp: Math.max(port, beside),
        send: (from, packet, to, address) => (from === 'rtp' ? rtp : rtcp).send(packet, to, address, () => {}),
        close: () => {
          rtp.close();
          rtcp.close();
        },
      };
    } catch (error) {
      because = (error as Error).message;
      first.close();
    }
  }
  throw new FaultError({ code: 'exhausted', what: 'two UDP ports', because });
}
