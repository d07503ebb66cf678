/** Sends over SRT what a relay of our own would not let out: UDP packets that come in here go into the connection as they are. */
import { spawn } from 'node:child_process';
import type { Test } from 'tap';
import { udpPort } from './rtp-packets.ts';

export interface BareSender {
  /** Where the hub listens for SRT. */
  readonly port: number;
  readonly streamId: string;
  readonly key: string;
}

/** @returns the UDP port on loopback that takes packets. The caller waits for the connection where it arrives. */
export async function bareSender(t: Test, { port, streamId, key }: BareSender): Promise<number> {
  const entry = await udpPort(t);
  await new Promise<void>((resolve) => entry.socket.close(() => resolve()));
  const uri = `srt://127.0.0.1:${port}?mode=caller&streamid=${streamId}&passphrase=${key}&pbkeylen=32&latency=2000`;
  const child = spawn('srt-live-transmit', ['-q', '-chunk:1456', `udp://127.0.0.1:${entry.port}`, uri], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  return entry.port;
}
