/** Signatures with the key of a node's certificate, so that anybody who has the authority's certificate can tell later who said something, and that it is unchanged. */
import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import { canonical } from '../canonical.ts';
import type { SealedReport } from '../drill.ts';
import { failed, ok, type Result } from '../fault.ts';
import { type Identity, readSubject, untimely } from './tls.ts';

export type Seal = SealedReport['seal'];

const digest = 'sha256';

/** Signs the canonical bytes of `value`. */
export function seal(value: unknown, { key, cert, ca }: Pick<Identity, 'key' | 'cert' | 'ca'>): Seal {
  const secret = createPrivateKey(key);
  const bytes = Buffer.from(canonical(value));
  // Ed25519 has its digest built in.
  const kind = secret.asymmetricKeyType ?? 'unknown';
  const signature = sign(kind.startsWith('ed') ? null : digest, bytes, secret).toString('base64');
  return { algorithm: kind.startsWith('ed') ? kind : `SHA256 ${kind}`, signature, certificate: cert, authority: ca };
}

const wrong = (reason: string): Result<never> => failed({ code: 'input.invalid', path: '/seal', reason });

/**
 * Whether central said `value` at `at` (ms), by the authority `ca` (PEM) that the reader trusts; what the seal calls its authority decides
 * nothing. Returns the node that signed.
 */
export function checkSeal(
  value: unknown,
  { algorithm, signature, certificate }: Seal,
  ca: string,
  at: number,
): Result<{ readonly node: string }> {
  try {
    const signer = new X509Certificate(certificate);
    const authority = new X509Certificate(ca);
    if (!signer.checkIssued(authority) || !signer.verify(authority.publicKey)) return wrong('its certificate is not of this authority');
    const by = readSubject(signer.subject.split('\n'));
    if (by?.role !== 'central') return wrong(`it is signed by ${by?.node ?? 'nobody'}, which is no central`);
    const early = untimely(signer, at);
    if (early !== null) return wrong(`the certificate that it was signed with ${early}`);
    const kind = signer.publicKey.asymmetricKeyType ?? 'unknown';
    const named = kind.startsWith('ed') ? kind : `SHA256 ${kind}`;
    if (algorithm !== named) return wrong(`it says ${algorithm}, its key is for ${named}`);
    const bytes = Buffer.from(canonical(value));
    const good = verify(kind.startsWith('ed') ? null : digest, bytes, signer.publicKey, Buffer.from(signature, 'base64'));
    return good ? ok({ node: by.node }) : wrong('the signature does not fit: something was changed after it was signed');
  } catch (error) {
    return wrong(`it cannot be read: ${(error as Error).message}`);
  }
}
