/** Debian's Chromium, driven by playwright-core, that talks to nobody but the page under test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

export interface Chromium {
  readonly page: Page;
  close(): Promise<void>;
}

/** Quiet: it talks to nobody but the page under test, and plays without being clicked. */
export const quietFlags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-dev-shm-usage',
];

/** A guard against hanging, as everywhere where a whole province runs on the machine of the tests. */
const PATIENCE_MS = 180_000;
/** Before what is looked at: on a busy machine a ruler that waits its turn behind sixty processes says nothing about them. */
const NICE = -5;

/** What `start` starts goes before others, where the system grants it. */
async function favoured<T>(start: () => Promise<T>): Promise<T> {
  const usual = getPriority();
  try {
    setPriority(NICE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error; // not granted
  }
  try {
    return await start();
  } finally {
    setPriority(usual);
  }
}

/** Opens `url` in a fresh profile of its own. */
export async function openPage(url: string, viewport = { width: 1366, height: 768 }): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'diemcau-chromium-'));
  // Chromium's sandbox cannot start as root; the page under test is ours.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const context: BrowserContext = await favoured(() =>
    chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: [...quietFlags, ...sandbox],
      viewport,
      timeout: PATIENCE_MS,
    }),
  );
  context.setDefaultTimeout(PATIENCE_MS);
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(url);
  return {
    page,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Seconds that the n-th video element has played. */
export const playedSeconds = (page: Page, nth: number): Promise<number> =>
  page
    .locator('video')
    .nth(nth)
    .evaluate((video) => (video as unknown as { currentTime: number }).currentTime);

/** Pictures that the n-th video element has decoded since its source began. */
export const decodedFrames = (page: Page, nth: number): Promise<number> =>
  page
    .locator('video')
    .nth(nth)
    .evaluate(
      (video) =>
        (video as unknown as { getVideoPlaybackQuality(): { totalVideoFrames: number } }).getVideoPlaybackQuality().totalVideoFrames,
    );

/** Mean red, green and blue of the picture that the n-th video element shows now. */
export const meanColour = (page: Page, nth: number): Promise<readonly number[]> =>
  page
    .locator('video')
    .nth(nth)
    .evaluate((video) => {
      // Runs in the page; the types of the DOM are not those of the tests.
      type Canvas = {
        width: number;
        height: number;
        getContext(kind: string): { drawImage(...a: unknown[]): void; getImageData(...a: number[]): { data: Uint8ClampedArray } };
      };
      const canvas = (globalThis as unknown as { document: { createElement(name: string): Canvas } }).document.createElement('canvas');
      [canvas.width, canvas.height] = [64, 36];
      const context = canvas.getContext('2d');
      context.drawImage(video, 0, 0, 64, 36);
      const { data } = context.getImageData(0, 0, 64, 36);
      const sums = [0, 0, 0];
      for (let index = 0; index < data.length; index += 4)
        for (let part = 0; part < 3; part++) sums[part] = (sums[part] ?? 0) + (data[index + part] ?? 0);
      return sums.map((sum) => sum / (64 * 36));
    });
