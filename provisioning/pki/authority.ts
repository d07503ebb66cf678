/** The certificate authority of one network: made once at first start, P-256, ten years, its key readable by its owner only. */
import 'reflect-metadata'; // @peculiar/x509's container wants it before its own first import
import { randomBytes, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Clock } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import { writeAtomic } from '../../protocol/node/atomic.ts';

export const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
x509.cryptoProvider.set(webcrypto);

const yearMs = 365 * 24 * 3600 * 1000;
const caYears = 10;
/** Clocks of boxes may run behind: certificates are valid from a little before now. */
export const backdateMs = 3600 * 1000;

export interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly pem: string;
  readonly key: webcrypto.CryptoKey;
}

/** 127 random bits, positive (RFC 5280 §4.1.2.2). */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('hex');
}

export function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export const fromPem = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----/g, '').replace(/\s/g, ''), 'base64');

/** Writes or throws the fault: a key that is not on disk must not be in use. */
export async function save(path: string, text: string, mode: number): Promise<void> {
  const written = await writeAtomic(path, text, { mode });
  if (!written.ok) throw new FaultError(written.fault);
}

/** The file's text, or undefined when there is none. */
export async function load(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new FaultError({ code: 'unreachable', what: path, because: (error as Error).message });
  }
}

/** Opens the authority in `dir`, or makes it when the folder holds none. @throws FaultError when only half of it is there, or it has expired. */
export async function ensureCa(dir: string, clock: Pick<Clock, 'now'>, network = 'Điểm Cầu'): Promise<Authority> {
  const [pem, keyPem] = await Promise.all([load(join(dir, 'ca.pem')), load(join(dir, 'ca-key.pem'))]);
  if (pem !== undefined && keyPem !== undefined) {
    const certificate = new x509.X509Certificate(pem);
    if (certificate.notAfter.getTime() < clock.now())
      throw new FaultError({
        code: 'conflict',
        what: join(dir, 'ca.pem'),
        reason: `the authority expired on ${certificate.notAfter.toISOString()}; every box must be enrolled anew`,
      });
    const key = await webcrypto.subtle.importKey('pkcs8', fromPem(keyPem), algorithm, false, ['sign']);
    return { certificate, pem, key };
  }
  if (pem !== undefined || keyPem !== undefined)
    throw new FaultError({
      code: 'conflict',
      what: dir,
      reason: `${pem === undefined ? 'ca.pem' : 'ca-key.pem'} is missing beside the other half; restore it from the backup`,
    });
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=${network} CA`,
    notBefore: new Date(clock.now() - backdateMs),
    notAfter: new Date(clock.now() + caYears * yearMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const made = certificate.toString('pem');
  await save(join(dir, 'ca-key.pem'), toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)), 0o600);
  await save(join(dir, 'ca.pem'), `${made}\n`, 0o644);
  return { certificate, pem: `${made}\n`, key: keys.privateKey };
}
