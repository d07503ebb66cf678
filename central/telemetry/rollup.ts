/** One-minute summaries of a site's links, computed as samples come in. Pure. */
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import type { RollupsTable } from '../store/tables.ts';

export interface LinkMeasure {
  /** Worst of the links that are up. */
  readonly rttMs: number;
  readonly lossPercent: number;
  /** Sent by the site, all links together. */
  readonly kbps: number;
}

/** What a sample says about the site's links; null while none is up. */
export function measure({ links }: EdgeTelemetry): LinkMeasure | null {
  const up = links.filter((link) => link.connected);
  if (up.length === 0) return null;
  return {
    rttMs: Math.max(...up.map((link) => link.rttMs)),
    lossPercent: Math.max(...up.map((link) => link.lossPercent)),
    kbps: up.filter((link) => link.direction === 'up').reduce((sum, link) => sum + link.kbps, 0),
  };
}

const MINUTE_MS = 60_000;
/** An outbox may bring samples of days ago; beyond this, and in the future, a time is a wrong clock. */
const PAST_MS = 14 * 86_400_000;

/** The minute that a sample belongs to. */
export function minuteOf(at: number, now: number): number {
  const trusted = at > now + MINUTE_MS || at < now - PAST_MS ? now : at;
  return trusted - (trusted % MINUTE_MS);
}

/** The row with one sample more; a new row when there was none. */
export function addSample(
  row: RollupsTable | undefined,
  node: string,
  minute: number,
  { rttMs, lossPercent, kbps }: LinkMeasure,
): RollupsTable {
  return {
    node,
    minute,
    n: (row?.n ?? 0) + 1,
    rtt_min: Math.min(row?.rtt_min ?? rttMs, rttMs),
    rtt_max: Math.max(row?.rtt_max ?? rttMs, rttMs),
    rtt_sum: (row?.rtt_sum ?? 0) + rttMs,
    loss_min: Math.min(row?.loss_min ?? lossPercent, lossPercent),
    loss_max: Math.max(row?.loss_max ?? lossPercent, lossPercent),
    loss_sum: (row?.loss_sum ?? 0) + lossPercent,
    kbps_min: Math.min(row?.kbps_min ?? kbps, kbps),
    kbps_max: Math.max(row?.kbps_max ?? kbps, kbps),
    kbps_sum: (row?.kbps_sum ?? 0) + kbps,
  };
}
