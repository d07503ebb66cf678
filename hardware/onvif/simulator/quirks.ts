/** How cameras differ from the book, as switches. All of it was met on real cameras; without a switch the simulated one keeps to the book. */
import type { Spelling } from './write.ts';

export interface OnvifQuirks {
  /** The camera's clock is ahead of true time by so much; a `Created` that does not fit it is refused. Changed later: the clock jumps. */
  readonly clockSkewMs: number;
  /** So long after its start a time server puts its clock right. Null: never. */
  readonly clockRightAfterMs: number | null;
  /** `UTCDateTime` holds local time (UTC+7), and so does all that is compared with it. */
  readonly localTimeAsUtc: boolean;
  /** How far a `Created` may be off. */
  readonly createdWindowMs: number;
  /** GetSystemDateAndTime is refused without a login. */
  readonly timeNeedsLogin: boolean;
  /** What it takes for a login. `open`: nothing is asked. */
  readonly login: 'both' | 'wsse' | 'digest' | 'open';
  /** Of HTTP digests, in the order offered. */
  readonly algorithms: readonly ('MD5' | 'SHA-256')[];
  /** The status of a refused login. Only 401 can carry a challenge, so a camera that wants HTTP digests always says 401. */
  readonly refusedStatus: 400 | 401 | 200;
  /** The addresses of its services. `other-port`: one where nobody listens. */
  readonly addresses: 'right' | 'internal' | 'zero' | 'hostname' | 'no-host' | 'other-port';
  /** Of pull-points. `no-host`: a path only. `needs-id`: one address for all, told apart by a reference parameter that must be sent back. */
  readonly subscriptionAddress: 'right' | 'no-host' | 'needs-id';
  /** A pull-point ends when its time is over unless Renew came; without it each pull renews. */
  readonly needsRenew: boolean;
  /** `unimplemented`: advertised, and every question is answered with "not implemented". */
  readonly media: 'works' | 'unimplemented';
  /** `broken`: advertised, and GetProfiles faults. `absent`: not advertised, as on cameras of Profile S. */
  readonly media2: 'works' | 'broken' | 'absent';
  /** A profile in H.265, which Media2 alone can tell. */
  readonly h265: boolean;
  readonly spelling: Spelling;
  readonly presets: 'usual' | 'duplicate-names' | 'empty-names' | 'numeric-tokens';
  /** Without: a camera that stands still. */
  readonly ptz: boolean;
  /** GetStatus tells where it looks. */
  readonly ptzPosition: boolean;
  /** A ContinuousMove ends after its timeout; without that only Stop ends it. */
  readonly ptzTimeout: boolean;
  /** Pan and tilt may not be asked for together with zoom. */
  readonly ptzApart: boolean;
  /** After power-on it says 503, or nobody listens, for so long. */
  readonly boot: { readonly ms: number; readonly as: '503' | 'refused' } | null;
  /** How often a probe is answered. */
  readonly probeAnswers: number;
  /** Probe matches list addresses that cannot be reached, before the right one. */
  readonly probeAddresses: 'right' | 'several';
  /** `any-type`: answers whatever type is asked for. `broken`: what comes is no XML. */
  readonly probeMatch: 'usual' | 'any-type' | 'broken';
}

export const byTheBook: OnvifQuirks = {
  clockSkewMs: 0,
  clockRightAfterMs: null,
  localTimeAsUtc: false,
  createdWindowMs: 30_000,
  timeNeedsLogin: false,
  login: 'both',
  algorithms: ['MD5'],
  refusedStatus: 401,
  addresses: 'right',
  subscriptionAddress: 'right',
  needsRenew: false,
  media: 'works',
  media2: 'works',
  h265: true,
  spelling: 'usual',
  presets: 'usual',
  ptz: true,
  ptzPosition: true,
  ptzTimeout: true,
  ptzApart: false,
  boot: null,
  probeAnswers: 1,
  probeAddresses: 'right',
  probeMatch: 'usual',
};

const ZONE_MS = 7 * 3_600_000;

/**
 * The camera's own clock, in ms since 1970, as it tells it and as it compares with it.
 * @param trueMs what is so
 * @param upMs since its start
 */
export function cameraTime(quirks: OnvifQuirks, trueMs: number, upMs: number): number {
  const right = quirks.clockRightAfterMs !== null && upMs >= quirks.clockRightAfterMs;
  return trueMs + (right ? 0 : quirks.clockSkewMs) + (quirks.localTimeAsUtc ? ZONE_MS : 0);
}
