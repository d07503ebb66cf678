/** What a connection's error means, in words: for logs, the panel and the doctor. Policy never looks at them. */

const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not yet valid: one of the clocks is wrong',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is from another authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is from another authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is from another authority',
  CERT_SIGNATURE_FAILURE: 'its certificate is from another authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  UNABLE_TO_GET_ISSUER_CERT: 'it showed no certificate',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another node',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for our certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not know the authority of our certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it says that our certificate has expired',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'it refuses our certificate',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'no way to that address',
  ENETUNREACH: 'no way to that network',
  ETIMEDOUT: 'it does not answer',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name service does not answer',
  ECONNRESET: 'it closed the connection',
};

/** @param error what an `error` event carried, or a TLSSocket's `authorizationError` (a code as text, absent without a certificate). */
export function tlsReason(error: unknown): string {
  if (error === undefined || error === null) return 'it showed no certificate';
  const code = typeof error === 'string' ? error : (error as { readonly code?: unknown }).code;
  const known = typeof code === 'string' ? reasons[code] : undefined;
  if (known !== undefined) return `${known} (${code})`;
  return error instanceof Error ? error.message : String(error);
}
