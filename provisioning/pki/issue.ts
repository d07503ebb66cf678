/** Certificates of nodes: CN = node, OU = role, names and addresses as subject alternative names; good as server and as client. */
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import { NodeId, Role } from '../../protocol/ids.ts';
import { type Authority, algorithm, backdateMs, load, newSerial, save, toPem } from './authority.ts';

const dayMs = 24 * 3600 * 1000;
const validDays = 825;
/** Renewed when less than this is left. */
const renewDays = 30;

export interface Identity {
  readonly node: string;
  readonly role: Role;
  /** Host names and IP addresses by which others reach this node, besides its own id and loopback. */
  readonly hosts: readonly string[];
}

const nodeId = Compile(NodeId);
const role = Compile(Role);

function check({ node, role: part, hosts }: Identity): void {
  const wrong = (path: string, reason: string): never => {
    throw new FaultError({ code: 'input.invalid', path, reason });
  };
  if (!nodeId.Check(node)) wrong('/node', `not a node id: ${JSON.stringify(node)} (lower-case letters, digits and hyphens)`);
  if (!role.Check(part)) wrong('/role', `must be central, hub or edge, not ${JSON.stringify(part)}`);
  for (const host of hosts)
    if (isIP(host) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host))
      wrong('/hosts', `neither an address nor a host name: ${JSON.stringify(host)}`);
}

const namesOf = ({ node, hosts }: Identity): readonly string[] => [...new Set([node, 'localhost', '127.0.0.1', ...hosts])];

/** True when the certificate on disk still says what is wanted, by this authority, for long enough. */
async function stillGood(pem: string, authority: Authority, identity: Identity, now: number): Promise<boolean> {
  const certificate = new x509.X509Certificate(pem);
  if (certificate.notAfter.getTime() - now < renewDays * dayMs) return false;
  if (certificate.subject !== `CN=${identity.node}, OU=${identity.role}`) return false;
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map((each) => each.value) ?? [];
  if (!namesOf(identity).every((name) => names.includes(name))) return false;
  return certificate.verify({ publicKey: authority.certificate, date: new Date(now) });
}

/**
 * Puts `ca.pem`, `cert.pem` and `key.pem` (0600) into `dir`. Does nothing when what is there still fits.
 * @returns true when a certificate was issued. @throws FaultError input.invalid for a wrong id, role or host.
 */
export async function issue(authority: Authority, dir: string, identity: Identity, clock: Pick<Clock, 'now'>): Promise<boolean> {
  check(identity);
  const [pem, key] = await Promise.all([load(join(dir, 'cert.pem')), load(join(dir, 'key.pem'))]);
  if (pem !== undefined && key !== undefined && (await stillGood(pem, authority, identity, clock.now()))) return false;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    issuer: authority.certificate.subject,
    subject: `CN=${identity.node}, OU=${identity.role}`,
    notBefore: new Date(clock.now() - backdateMs),
    notAfter: new Date(Math.min(clock.now() + validDays * dayMs, authority.certificate.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(
        namesOf(identity).map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await save(join(dir, 'ca.pem'), authority.pem, 0o644);
  await save(join(dir, 'key.pem'), toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)), 0o600);
  await save(join(dir, 'cert.pem'), `${certificate.toString('pem')}\n`, 0o644);
  return true;
}
