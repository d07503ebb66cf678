/** Numbers, times and sizes as people read them: vi-VN or en-GB, always in the time of Vietnam. Pure; "nothing known" is an en dash. */
import type { Language } from './translate.ts';

export const timeZone = 'Asia/Ho_Chi_Minh';
const locales: Readonly<Record<Language, string>> = { vi: 'vi-VN', en: 'en-GB' };
/** Shown in the place of a figure that is not known. */
export const nothing = '–';

export interface Format {
  readonly language: Language;
  /** A number with `digits` decimals. */
  number(value: number | null, digits?: number): string;
  /** `value` is 0–100. One decimal below 10. */
  percent(value: number | null): string;
  /** Milliseconds, whole. */
  ms(value: number | null): string;
  /** Bit rate from kbit/s; from 1,000 on in Mbit/s. */
  rate(kbps: number | null): string;
  /** Decibels below full scale. */
  db(value: number | null): string;
  /** Size from bytes, decimal units as on disks. */
  bytes(value: number | null): string;
  /** 08:30:05 */
  clock(at: number | null): string;
  /** 08:30 */
  clockShort(at: number | null): string;
  /** Thứ Năm, 05/03/2026 */
  day(at: number | null): string;
  /** 05/03/2026 08:30 */
  when(at: number | null): string;
  /** From milliseconds: 3:07, or 1:03:07 from an hour on. */
  duration(ms: number | null): string;
  /** From milliseconds, in words: 12 giây, 3 phút. */
  age(ms: number): string;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** The formats of one language. Make it once per language: Intl objects are dear. */
export function format(language: Language): Format {
  const locale = locales[language];
  const byDigits = [0, 1, 2].map(
    (digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  const plain = (value: number, digits: number): string => (byDigits[digits] ?? byDigits[0])?.format(value) ?? '';
  const orNothing =
    (show: (value: number) => string) =>
    (value: number | null): string =>
      value === null || !Number.isFinite(value) ? nothing : show(value);
  const dated = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone, hour12: false, ...options });
  const clock = dated({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const clockShort = dated({ hour: '2-digit', minute: '2-digit' });
  const date = dated({ day: '2-digit', month: '2-digit', year: 'numeric' });
  const weekday = dated({ weekday: 'long' });
  const unit = (name: string, value: number): string =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long', maximumFractionDigits: 0 }).format(value);

  return {
    language,
    number: (value, digits = 0) => orNothing((each) => plain(each, digits))(value),
    percent: orNothing((value) => `${plain(value, value >= 10 || value === 0 ? 0 : 1)}%`),
    ms: orNothing((value) => `${plain(Math.round(value), 0)} ms`),
    rate: orNothing((kbps) => (kbps >= 1000 ? `${plain(kbps / 1000, 1)} Mb/s` : `${plain(Math.round(kbps), 0)} kb/s`)),
    db: orNothing((value) => `${plain(Math.round(value), 0)} dB`),
    bytes: orNothing((value) => {
      if (value >= 1e9) return `${plain(value / 1e9, 1)} GB`;
      if (value >= 1e6) return `${plain(value / 1e6, value >= 1e7 ? 0 : 1)} MB`;
      return `${plain(Math.ceil(value / 1e3), 0)} kB`;
    }),
    clock: orNothing((at) => clock.format(at)),
    clockShort: orNothing((at) => clockShort.format(at)),
    day: orNothing((at) => `${weekday.format(at)}, ${date.format(at)}`),
    when: orNothing((at) => `${date.format(at)} ${clockShort.format(at)}`),
    duration: orNothing((ms) => {
      const seconds = Math.max(0, Math.floor(ms / 1000));
      const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      return h > 0 ? `${h}:${twoDigits(m)}:${twoDigits(s)}` : `${m}:${twoDigits(s)}`;
    }),
    age(ms) {
      const seconds = Math.max(0, Math.round(ms / 1000));
      if (seconds < 60) return unit('second', seconds);
      if (seconds < 3600) return unit('minute', Math.floor(seconds / 60));
      return unit('hour', Math.floor(seconds / 3600));
    },
  };
}
