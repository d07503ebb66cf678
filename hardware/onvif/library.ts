/**
 * The rim to npm's onvif library: the parts of it we use, written down as what they are, and its envelope put right. We use its requests and
 * its logins (WS-Security, HTTP digest), and neither its connect() nor its event loop: the first never ends when no profile fits its
 * expectations and succeeds with a wrong password, the second stops silently or spins.
 */
import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Socket } from 'node:net';
import { uptime } from 'node:process';
import { Cam } from 'onvif';
import { escaped } from './xml.ts';

/** Called with an error, the library's reading of the answer, and the answer itself; sometimes twice, sometimes never. */
export type Callback = (error: unknown, data?: unknown, xml?: unknown) => void;

export interface CamAddress {
  /** Parts of a URL as node:url's parse gives them: the library hands them to http.request. */
  readonly [part: string]: unknown;
}

/** Of the library's Cam. What it fills in itself is not read from here; what we fill in for it is. */
export interface LibraryCam {
  username: string;
  password: string;
  /** Milliseconds from the process' own uptime to the camera's clock. */
  timeShift: number | undefined;
  media2Support: boolean;
  uri: Readonly<Record<string, { readonly path: string }>>;
  events: {
    subscription?: {
      readonly subscriptionReference: { readonly address: CamAddress; readonly referenceParameters?: { readonly subscriptionId: string } };
    };
  };
  on(event: string, listener: (...args: readonly unknown[]) => void): unknown;
  _envelopeHeader(openHeader?: boolean): string;
  _envelopeFooter(): string;
  _parseUrl(address: string): CamAddress;
  _request(options: { readonly service: string; readonly body: string }, callback: Callback): void;
}

export interface CamSettings {
  readonly host: string;
  readonly port: number;
  /** HTTPS; certificates of cameras are their own and are not checked. */
  readonly secure: boolean;
  readonly username: string;
  readonly password: string;
  /** Of the device service; empty: the usual one. */
  readonly path: string;
}

export interface Opened {
  readonly cam: LibraryCam;
  readonly agent: Agent;
  readonly secure: boolean;
  /** Ends every request that is open. */
  readonly close: () => void;
}

/** More than any answer has. The library keeps all of an answer before it looks at it. */
const ANSWER_MAX = 2_097_152;

/** Ends a connection that says more than an answer; each request has its own. */
function bounded(agent: Agent): Agent {
  const connect: unknown = Reflect.get(agent, 'createConnection');
  if (typeof connect !== 'function') return agent;
  const createConnection = (...args: readonly unknown[]): Socket => {
    const socket: Socket = Reflect.apply(connect, agent, args);
    return socket.on('data', () => {
      if (socket.bytesRead > ANSWER_MAX) socket.destroy(new Error('an answer without end'));
    });
  };
  return Object.assign(agent, { createConnection });
}

/** Sends nothing yet. `timeoutMs` is for each answer. */
export function openCam({ host, port, secure, username, password, path }: CamSettings, timeoutMs: number): Opened {
  const agent = bounded(secure ? new SecureAgent({ rejectUnauthorized: false }) : new Agent());
  const made: unknown = new Cam({
    hostname: host,
    port,
    username,
    password,
    timeout: timeoutMs,
    agent,
    useSecure: secure,
    secureOpts: { rejectUnauthorized: false },
    // Its service addresses are of any network; the way we came is the one that works.
    preserveAddress: true,
    autoconnect: false,
    ...(path === '' ? {} : { path }),
  });
  const cam = made as LibraryCam;
  cam.uri = {};
  // Without a listener an `error` event would end the process; whoever asked learns it by the callback.
  cam.on('error', () => {});
  const envelope = cam._envelopeHeader.bind(cam);
  // The library writes the name into XML as it is, and the password as ASCII. HTTP digest needs both as they are, so only the envelope sees these.
  cam._envelopeHeader = (openHeader) => {
    cam.username = escaped(username);
    cam.password = Buffer.from(password, 'utf8').toString('latin1');
    try {
      return envelope(openHeader);
    } finally {
      cam.username = username;
      cam.password = password;
    }
  };
  return { cam, agent, secure, close: () => agent.destroy() };
}

/** Makes it sign with the camera's clock as it is now; the library takes the difference once and keeps it when the clock is set. */
export function setClock(cam: LibraryCam, cameraMs: number): void {
  cam.timeShift = cameraMs - uptime() * 1000;
}

/** Where its next pulls, renewals and the end of the subscription go. The library's own reading fails on addresses with attributes or without a host. */
export function setSubscription({ cam, agent, secure }: Opened, address: string, id: string | null): void {
  const parts = { ...cam._parseUrl(address), agent, protocol: secure ? 'https:' : 'http:' };
  cam.events.subscription = {
    subscriptionReference: { address: parts, ...(id === null ? {} : { referenceParameters: { subscriptionId: escaped(id) } }) },
  };
}
