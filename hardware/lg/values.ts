/**
 * What the data of LG's answers says. Pure; what is not understood is null or `unknown`. Source: "RS-232 control" of LG's manuals for 55LV5400,
 * M4210 and 55WV70MS.
 */
import type { DeviceState, Power } from '../../protocol/schema/device.ts';

/** Of hexadecimal 00…64. */
export const VOLUME_MAX = 100;

/** Each socket has two codes: 9x and Cx with the timings of video, Ax and Dx with those of computers. Which one is told depends on the picture. */
export const inputs: Readonly<Record<string, { readonly video: number; readonly computer: number }>> = {
  HDMI1: { video: 0x90, computer: 0xa0 },
  HDMI2: { video: 0x91, computer: 0xa1 },
  DisplayPort: { video: 0xc0, computer: 0xd0 },
};

const number = (data: string): number | null => (/^[0-9A-F]{2}$/.test(data) ? Number.parseInt(data, 16) : null);

function power(data: string): Power {
  if (data === '01') return 'on';
  return data === '00' ? 'off' : 'unknown';
}

function flag(data: string, yes: string, no: string): boolean | null {
  if (data === yes) return true;
  return data === no ? false : null;
}

function input(data: string): string | null {
  const code = number(data);
  if (code === null) return null;
  const name = Object.keys(inputs).find((each) => inputs[each]?.video === code || inputs[each]?.computer === code);
  return name ?? `code ${data}`;
}

function volume(data: string): number | null {
  const level = number(data);
  return level === null || level > VOLUME_MAX ? null : level / VOLUME_MAX;
}

/** What an `OK` says, by the letter of its answer; the same whether it was asked for or set. */
export function told(letter: string, data: string): Partial<DeviceState> {
  switch (letter) {
    case 'a':
      return { power: power(data) };
    case 'b':
      return { input: input(data) };
    case 'd':
      return { blank: flag(data, '01', '00') };
    case 'e':
      // 00 is "no sound".
      return { speakerMuted: flag(data, '00', '01') };
    case 'f':
      return { volume: volume(data) };
    default:
      return {};
  }
}
