/** What the values of PJLink say about a projector. Pure; what is not understood is null or `unknown`. Source: JBMIA "PJLink Specifications" 2.00. */
import type { DeviceState, Power } from '../../protocol/schema/device.ts';

const powers: Readonly<Record<string, Power>> = { '0': 'off', '1': 'on', '2': 'cooling', '3': 'warming' };

export const power = (value: string): Power => powers[value.trim()] ?? 'unknown';

/** Of AVMT: 11 picture, 21 sound, 31 both are muted; 30 none. */
export function muting(value: string): Pick<DeviceState, 'blank' | 'speakerMuted'> {
  switch (value.trim()) {
    case '11':
      return { blank: true, speakerMuted: false };
    case '21':
      return { blank: false, speakerMuted: true };
    case '31':
      return { blank: true, speakerMuted: true };
    case '30':
      return { blank: false, speakerMuted: false };
    default:
      return { blank: null, speakerMuted: null };
  }
}

const parts = ['fan', 'lamp', 'temperature', 'cover', 'filter', 'other'] as const;
const grades: Readonly<Record<string, string>> = { '1': 'warning', '2': 'error' };

/** Of ERST: six digits, one for each part. */
export function complaints(value: string): string[] {
  const digits = value.trim();
  if (!/^\d{6}$/.test(digits)) return [];
  return parts.flatMap((part, at) => {
    const grade = grades[digits[at] ?? ''];
    return grade === undefined ? [] : [`${part}: ${grade}`];
  });
}

/** An input is two characters: kind (1 RGB, 2 video, 3 digital, 4 storage, 5 network, 6 internal) and number. */
export const input = (value: string): string | null => (/^[1-6][1-9A-Z]$/.test(value.trim()) ? value.trim() : null);

export const inputs = (value: string): string[] => value.split(' ').flatMap((each) => input(each) ?? []);
