import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Without the last three a browser asks its maker's servers for news of its own. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--hide-scrollbars',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
];

/** Opens Chromium from where it usually is, or from there. @throws Error where there is none. */
export async function openChromium(path: string | undefined): Promise<Browser> {
  const executablePath = path ?? places.find((one) => existsSync(one));
  if (!executablePath) throw new Error('there is no Chromium here: say where with --chromium <path>');
  return chromium.launch({ executablePath, args: flags });
}
