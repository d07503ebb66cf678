/** Dates as ONVIF writes them: ISO 8601 and durations. Pure. */
import { type Xml, x } from './write.ts';

/** `2026-11-22T06:00:00Z` of ms since 1970. */
export function iso(timeMs: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: writes a given time, reads no clock
  return new Date(Math.floor(timeMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Ms since 1970; null when it is no date and time. */
export function fromIso(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?$/.test(text)) return null;
  const zoned = /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
  // biome-ignore lint/style/noRestrictedGlobals: reads a given text, no clock
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? null : time;
}

/** The ms of `PT1M30.5S`; null when it is none. Years and months have no length and are none. */
export function duration(text: string): number | null {
  const found = /^P(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,9})?)S)?)?$/.exec(text);
  if (found === null || text.endsWith('P') || text.endsWith('T')) return null;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((each) => Number(each ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000;
}

/** `tt:DateTime` under the name given. */
export function dateTime(name: 'tt:UTCDateTime' | 'tt:LocalDateTime', timeMs: number): Xml {
  const [year, month, day, hour, minute, second] = iso(timeMs).split(/\D/).map(Number);
  return x(
    name,
    x('tt:Time', x('tt:Hour', hour ?? 0), x('tt:Minute', minute ?? 0), x('tt:Second', second ?? 0)),
    x('tt:Date', x('tt:Year', year ?? 0), x('tt:Month', month ?? 0), x('tt:Day', day ?? 0)),
  );
}
