import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Options } from './options.ts';
import { readers } from './readers.ts';
import type { Scene } from './scene.ts';

/** Writes down what came of the story, as far as it came: the mails as files, the outcome as JSON. */
export async function record(
  scene: Scene,
  { mailDir, json }: Pick<Options, 'mailDir' | 'json'>,
): Promise<void> {
  const { inbox } = scene.stage;
  if (mailDir !== undefined) await inbox.copyTo(resolve(mailDir));
  if (json === undefined) return;
  const mails = await inbox.mails();
  const outcome = {
    newsletter: 'inside-washington',
    readers: readers.map(({ email, lang }) => ({ email, lang })),
    edition: scene.edition && { id: scene.edition.id, ...scene.counts },
    mails: mails.map(({ file, to, subject, kind }) => ({ file, to, subject, kind })),
  };
  await mkdir(dirname(resolve(json)), { recursive: true });
  await writeFile(resolve(json), `${JSON.stringify(outcome, null, 2)}\n`);
}
