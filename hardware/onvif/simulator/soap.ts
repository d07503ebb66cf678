/** SOAP 1.2 as a camera reads and writes it: what is asked, who asks, answers and faults. Pure. */
import { at, type Element, readXml, textAt } from './read.ts';
import { type QName, type Ref, type Xml, x, xa } from './write.ts';

/** WS-UsernameToken as it came. */
export interface Token {
  readonly username: string;
  readonly password: string;
  /** The end of the password's type: `PasswordDigest`, `PasswordText`. */
  readonly type: string;
  readonly nonce: string;
  readonly created: string;
}

export interface Call {
  /** What is asked: the only element of the body. */
  readonly body: Element;
  readonly header: Element | null;
  readonly token: Token | null;
}

/** A fault: whose it is, what kind, in words. */
export interface Refusal {
  readonly refuse: 'Sender' | 'Receiver';
  /** From the general to the special. */
  readonly codes: readonly QName[];
  readonly reason: string;
}

export type Answer = Xml | Refusal;

export const refuse = (whose: Refusal['refuse'], codes: readonly QName[], reason: string): Refusal => ({ refuse: whose, codes, reason });
export const isRefusal = (answer: Answer): answer is Refusal => 'refuse' in answer;

export const notAuthorized = refuse('Sender', ['ter:NotAuthorized'], 'Sender not Authorized');
export const notImplemented = refuse('Receiver', ['ter:ActionNotSupported'], 'Optional Action Not Implemented');
export const noProfile = refuse('Sender', ['ter:InvalidArgVal', 'ter:NoProfile'], 'The requested profile token does not exist');
export const badArgument = (reason: string): Refusal => refuse('Sender', ['ter:InvalidArgVal'], reason);

const ENVELOPES = ['http://www.w3.org/2003/05/soap-envelope', 'http://schemas.xmlsoap.org/soap/envelope/'];

/** A request; or the fault of what is none. */
export function readCall(text: string): Call | Refusal {
  const envelope = readXml(text);
  if (envelope === null) return refuse('Sender', ['ter:WellFormed'], 'The request is no well-formed XML');
  const [body, ...more] = at(envelope, 'Body')?.children ?? [];
  if (envelope.name !== 'Envelope' || !ENVELOPES.includes(envelope.namespace) || body === undefined || more.length > 0)
    return refuse('Sender', ['ter:TagMismatch'], 'The request is no SOAP envelope with one request in it');
  const header = at(envelope, 'Header');
  return { body, header, token: tokenOf(at(header, 'Security', 'UsernameToken')) };
}

function tokenOf(token: Element | null): Token | null {
  if (token === null) return null;
  const type = at(token, 'Password')?.attributes.Type ?? '';
  return {
    username: textAt(token, 'Username') ?? '',
    password: textAt(token, 'Password') ?? '',
    type: type.slice(type.lastIndexOf('#') + 1),
    nonce: textAt(token, 'Nonce') ?? '',
    created: textAt(token, 'Created') ?? '',
  };
}

export function envelope(body: Xml, header: readonly Xml[] = []): Xml {
  return x('s:Envelope', ...(header.length === 0 ? [] : [x('s:Header', header)]), x('s:Body', body));
}

export function fault({ refuse: whose, codes, reason }: Refusal): Xml {
  const sub = codes.reduceRight<readonly Xml[]>((inner, code) => [x('s:Subcode', x('s:Value', ref(code)), inner)], []);
  return x('s:Fault', x('s:Code', x('s:Value', ref(`s:${whose}`)), sub), x('s:Reason', xa('s:Text', { 'xml:lang': 'en' }, reason)));
}

export const ref = (name: QName): Ref => ({ ref: name });
