/** What a visitor may choose: environment variables and a flag. Read once, checked before anything starts. */
import { resolve } from 'node:path';
import { FaultError } from '../../protocol/fault.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { mostSites } from './province.ts';

export interface DemoOptions {
  /** HTTP port of central. */
  readonly port: number;
  readonly sites: number;
  readonly data: string;
  /** The source of site 1: `pattern`, a V4L2 device, an RTSP URL or a media file. Null: a simulated camera, a process of its own. */
  readonly camera: string | null;
  /** Where the room for trying things looks for network cameras: `multicast`, or `host:port` of one that answers. */
  readonly lookout: string;
  /** Kilobits per second of the speaker's picture, and of the mosaic. */
  readonly kbps: number;
  /** Burn and read measurement stamps (benchmarks). */
  readonly stamps: boolean;
}

/** The usual port of WS-Discovery on this machine alone: a demo does not ask around on other people's networks. */
const lookoutHere = '127.0.0.1:3702';

/** Half of what a live network sends: drawings look the same, and thirteen sites, two hubs and a browser share two cores. */
const LIGHT_KBPS = '700';

const wrong = (key: string, reason: string): never => {
  throw new FaultError({ code: 'config.invalid', key, reason });
};

function integer(key: string, text: string, least: number, most: number): number {
  const value = Number(text);
  return Number.isInteger(value) && value >= least && value <= most
    ? value
    : wrong(key, `must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

function lookout(text: string): string {
  const port = Number(/^[A-Za-z0-9.-]+:(\d{1,5})$/.exec(text)?.[1] ?? 0);
  return text === 'multicast' || (port > 0 && port < 65_536)
    ? text
    : wrong('DIEMCAU_CAMERAS', `must be multicast or host:port, not ${JSON.stringify(text)}`);
}

/** @throws FaultError config.invalid naming the variable or flag. */
export function demoOptions(env: Readonly<Record<string, string | undefined>>, args: readonly string[]): DemoOptions {
  for (const each of args) if (each !== '--stamps') wrong(each, 'is not a flag of diemcau demo; it knows --stamps');
  return {
    port: integer('DIEMCAU_PORT', env['DIEMCAU_PORT'] ?? '8080', 1, 65_535),
    sites: integer('DIEMCAU_SITES', env['DIEMCAU_SITES'] ?? '13', 1, mostSites),
    data: resolve(env['DIEMCAU_DATA'] ?? resolve(packageRoot(), 'data', 'demo')),
    camera: env['DIEMCAU_CAMERA'] || null,
    lookout: lookout(env['DIEMCAU_CAMERAS'] || lookoutHere),
    kbps: integer('DIEMCAU_KBPS', env['DIEMCAU_KBPS'] ?? LIGHT_KBPS, 300, 4000),
    stamps: args.includes('--stamps'),
  };
}
