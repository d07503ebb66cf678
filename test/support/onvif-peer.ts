/** Cameras that others wrote, and cameras in literal words: for what our own simulator cannot prove. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

export interface Peer {
  readonly port: number;
  /** Its discovery, by unicast. */
  readonly discovery: number;
}

interface Mockup {
  readonly server: Server;
  /** What it tells of itself; read at each answer. */
  readonly conf: { port: number | string };
  readonly discover: Socket;
  readonly close: () => void;
}

/** The canned camera of the tests of npm's onvif 0.6.2. It is kept off the network: free ports, no multicast. */
export async function cannedCamera(t: Test): Promise<Peer> {
  const require = createRequire(import.meta.url);
  process.env.HOSTNAME = '127.0.0.1';
  process.env.PORT = '0';
  const dgram = require('node:dgram') as { createSocket: unknown };
  dgram.createSocket = () => {
    const socket = createSocket('udp4');
    const bind = socket.bind.bind(socket) as (port: number, host: string, done: () => void) => Socket;
    return Object.assign(socket, { bind: (_port: number, done: () => void) => bind(0, '127.0.0.1', done), addMembership: () => {} });
  };
  require('coffeescript/register');
  const mockup = require('onvif-mock/test/serverMockup.coffee') as Mockup;
  dgram.createSocket = createSocket;
  t.teardown(() => {
    mockup.server.closeAllConnections();
    mockup.close();
  });
  await Promise.all([once(mockup.server, 'listening'), once(mockup.discover, 'listening')]);
  const { port } = mockup.server.address() as AddressInfo;
  mockup.conf.port = port;
  return { port, discovery: mockup.discover.address().port };
}

/** A camera in literal words. `answer` gets the name of the question and the whole of it, and gives a body, or undefined for silence. */
export async function literalCamera(
  t: Test,
  answer: (
    question: string,
    request: string,
  ) => { readonly status?: number; readonly body: string; readonly headers?: Record<string, string> } | undefined,
): Promise<{ readonly port: number; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString('utf8');
    const question = /<s:Body[^>]*><(\w+)/.exec(text)?.[1] ?? '';
    asked.push(question);
    const said = answer(question, text);
    if (said === undefined) return;
    response.writeHead(said.status ?? 200, { 'Content-Type': 'application/soap+xml', ...said.headers });
    response.end(said.body);
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

export const soap = (body: string): { readonly body: string } => ({
  body: `<?xml version="1.0"?><E:Envelope xmlns:E="http://www.w3.org/2003/05/soap-envelope"><E:Body>${body}</E:Body></E:Envelope>`,
});

export const notAuthorized = {
  ...soap(
    '<E:Fault><E:Code><E:Value>E:Sender</E:Value><E:Subcode><E:Value>ter:NotAuthorized</E:Value></E:Subcode></E:Code><E:Reason><E:Text xml:lang="en">Sender not Authorized</E:Text></E:Reason></E:Fault>',
  ),
  status: 400,
};

export const notSupported = {
  ...soap(
    '<E:Fault><E:Code><E:Value>E:Receiver</E:Value><E:Subcode><E:Value>ter:ActionNotSupported</E:Value></E:Subcode></E:Code><E:Reason><E:Text xml:lang="en">Optional Action Not Implemented</E:Text></E:Reason></E:Fault>',
  ),
  status: 500,
};
