import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { draftEdition, readFeeds } from '../edit.ts';
import { confirm, signUp } from '../join.ts';
import { leaveBefore } from '../leave.ts';
import { openNarrator } from '../narrator.ts';
import { pasteBoxes, publishNewsletter } from '../publish.ts';
import type { Scene } from '../scene.ts';
import { sendEdition } from '../send.ts';
import { openStage } from '../stage.ts';
import { openChromium } from './chromium.ts';
import { findShots } from './find-shots.ts';
import { publishPastEditions } from './past-editions.ts';
import { take } from './take.ts';

/** The story up to the edition in the inbox. */
const story = [
  publishNewsletter,
  pasteBoxes,
  signUp,
  confirm,
  readFeeds,
  leaveBefore,
  draftEdition,
  sendEdition,
];

/** More would make the repository heavy. */
const bytesMax = 150_000;

const program = new Command('npm run screenshots --')
  .description('Lives the story of the demo and takes its pictures: pages and mails, light, dark, on a phone')
  .option('--out <dir>', 'where the pictures go', 'docs/images')
  .option('--only <name>', 'one picture, such as digest')
  .option('--chromium <path>', 'where Chromium is, when it is not in its usual place')
  .parse();
const options = program.opts<{ out: string; only?: string; chromium?: string }>();
process.exitCode = await run();

/** The story up to the edition in the inbox, then a note on what was wrong with it, and every picture. 0, or 1 with the reason. */
async function run(): Promise<number> {
  const narrator = openNarrator({ write: () => undefined });
  const browser = await openChromium(options.chromium);
  const stage = await openStage({ port: undefined, keepData: false });
  try {
    const { api } = await stage.makeKey();
    const scene: Scene = { stage, narrator, api, newsletterId: '', edition: undefined, counts: undefined };
    for (const step of story) await step(scene);
    await publishPastEditions(scene);
    await api.send('POST', `/v1/editions/${scene.edition?.id}/corrections`, {
      note: {
        en: 'An earlier version said that the vote was on Monday.',
        id: 'Versi sebelumnya menyebut pemungutan suara pada hari Senin.',
      },
    });
    return await takeAll(scene, browser);
  } finally {
    await stage.close();
    await browser.close();
  }
}

async function takeAll(scene: Scene, browser: Awaited<ReturnType<typeof openChromium>>): Promise<number> {
  const dir = resolve(options.out);
  await mkdir(dir, { recursive: true });
  const shots = (await findShots(scene)).filter(({ name }) => !options.only || name === options.only);
  let heavy = 0;
  for (const shot of shots) {
    const bytes = await take(browser, shot, dir);
    if (bytes > bytesMax) heavy += 1;
    console.log(`${shot.name}.png ${Math.round(bytes / 1000)} KB${bytes > bytesMax ? ' is too heavy' : ''}`);
  }
  for (const fault of scene.narrator.faults()) console.log(fault);
  return heavy > 0 || shots.length === 0 ? 1 : 0;
}
