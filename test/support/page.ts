/** Opens the built page in a real Chromium. Everything is closed when the test ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { packageRoot } from '../../protocol/node/root.ts';
import type { Language } from '../../protocol/web/translate.ts';
import { quietFlags } from './browser.ts';

const args = ['--headless=new', '--no-sandbox', ...quietFlags];

/** Debian's Chromium, as the bootstrap installs it. */
export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: '/usr/bin/chromium', args });

interface Built {
  readonly name: string;
  readonly bytes: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** Builds the page from its sources into `outdir`. */
export async function buildPage(outdir: string): Promise<readonly Built[]> {
  const module = (await import(pathToFileURL(join(packageRoot(), 'provisioning/setup/web.mjs')).href)) as {
    buildWeb(options: { readonly outdir: string }): Promise<readonly Built[]>;
  };
  return module.buildWeb({ outdir });
}

export interface Visit {
  readonly base: string;
  /** Null: not logged in. */
  readonly user: { readonly name: string; readonly password: string } | null;
  readonly language?: Language;
  readonly size?: { readonly width: number; readonly height: number };
  /** Where to go, such as `#/sites`. */
  readonly hash?: string;
}

/** A page of its own session. `errors` gathers what the page threw or complained about. */
export async function visit(
  browser: Browser,
  { base, user, language = 'vi', size = { width: 1366, height: 768 }, hash = '' }: Visit,
): Promise<{ readonly page: Page; readonly errors: string[] }> {
  const context = await browser.newContext({ viewport: { ...size }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // The first question of a page is who is logged in; that nobody is, is an answer.
    if (message.type() === 'error' && !message.text().includes('status of 401')) errors.push(message.text());
  });
  await context.addInitScript(`localStorage.getItem('diemcau.language') ?? localStorage.setItem('diemcau.language', '${language}')`);
  if (user !== null) await page.request.post(`${base}/api/v1/login`, { data: user });
  await page.goto(`${base}/${hash}`);
  return { page, errors };
}

const auditSource = readFileSync(join(packageRoot(), 'test/fixtures/page-audit.mjs'), 'utf8');

/** What somebody could not use on the page as it is now; empty when all is well. */
export const audit = (page: Page): Promise<readonly string[]> => page.evaluate<readonly string[]>(auditSource);
