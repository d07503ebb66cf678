/** Mutual TLS between our processes: one private authority, everybody shows a certificate, the CN is the node and the OU its role. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Compile } from 'typebox/compile';
import { failed, ok, type Result } from '../fault.ts';
import { NodeId, Role } from '../ids.ts';

export interface Identity {
  readonly node: string;
  readonly role: Role;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Peer {
  readonly node: string;
  readonly role: Role;
}

const nodeId = Compile(NodeId);
const role = Compile(Role);

/** Reads `ca.pem`, `cert.pem`, `key.pem` from `dir`. Faults name the file and what to do: they end a process with exit 78. */
export async function loadIdentity(dir: string, now: number): Promise<Result<Identity>> {
  const texts: string[] = [];
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) {
    try {
      texts.push(await readFile(join(dir, name), 'utf8'));
    } catch (error) {
      return failed({
        code: 'config.invalid',
        key: 'identity.dir',
        reason: `cannot read ${join(dir, name)}: ${(error as Error).message}; issue a certificate with diemcau provision issue`,
      });
    }
  }
  const [ca = '', cert = '', key = ''] = texts;
  try {
    const certificate = new X509Certificate(cert);
    const authority = new X509Certificate(ca);
    const bad = (reason: string, file = 'cert.pem'): Result<Identity> =>
      failed({ code: 'config.invalid', key: 'identity.dir', reason: `${join(dir, file)} ${reason}` });
    if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
      return bad('was not issued by the authority in ca.pem');
    for (const [file, each] of [
      ['cert.pem', certificate],
      ['ca.pem', authority],
    ] as const) {
      const reason = untimely(each, now);
      if (reason !== null) return bad(reason, file);
    }
    const peer = readSubject(certificate.subject.split('\n'));
    if (peer === undefined) return bad('carries no node id and role in its subject');
    return ok({ ...peer, ca, cert, key });
  } catch (error) {
    return failed({
      code: 'config.invalid',
      key: 'identity.dir',
      reason: `a file in ${dir} is not a certificate: ${(error as Error).message}`,
    });
  }
}

/** Why a certificate is not valid at `now`, or null. */
export function untimely({ validFrom, validTo }: X509Certificate, now: number): string | null {
  // biome-ignore lint/style/noRestrictedGlobals: reads and writes dates, not the clock
  const [from, to, here] = [Date.parse(validFrom), Date.parse(validTo), new Date(now).toISOString()];
  if (to < now) return `expired on ${validTo}`;
  return from > now ? `is not valid before ${validFrom}, and this machine's clock says ${here}` : null;
}

/** Who a certificate names. @param parts lines `CN=…` of its subject; undefined: it is none of ours. */
export function readSubject(parts: readonly string[]): Peer | undefined {
  const value = (name: string): string => parts.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  const peer = { node: value('CN'), role: value('OU') };
  return nodeId.Check(peer.node) && role.Check(peer.role) ? { node: peer.node, role: peer.role as Role } : undefined;
}

/** Options for `tls.createServer`: no client without a certificate of our authority gets past the handshake. */
export const serverTls = ({ ca, cert, key }: Identity) =>
  ({ ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' }) as const;

/** Options for `tls.connect`. `servername` is the node id of the server: certificates carry it, addresses may change. */
export const clientTls = ({ ca, cert, key }: Identity, servername: string) =>
  ({ ca, cert, key, servername, rejectUnauthorized: true, minVersion: 'TLSv1.3' }) as const;

/** Who is at the other end, from its verified certificate; undefined when the handshake was not verified or the subject is not ours. */
export function peerIdentity(socket: TLSSocket): Peer | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  return readSubject([`CN=${String(subject.CN)}`, `OU=${String(subject.OU)}`]);
}
