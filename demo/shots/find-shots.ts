import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderDigest } from '../../src/platform/render/mail.ts';
import { builtInTemplates, openTemplates } from '../../src/platform/render/templates.ts';
import type { DigestView } from '../../src/platform/render/views.ts';
import { look, press } from '../browser.ts';
import type { MailKind } from '../inbox.ts';
import { type Reader, rina, tom } from '../readers.ts';
import type { Scene } from '../scene.ts';

/** One picture: what to look at, through which window. */
export interface Shot {
  name: string;
  url?: string;
  /** Instead of an address: a mail as it was rendered. */
  html?: string;
  /** Pixels. */
  width: number;
  height: number;
  dark?: boolean;
}

const phone = { width: 390, height: 780 };
const desktop = { width: 720, height: 900 };
const table = { width: 1080, height: 720 };
/** Signs up when everything is there, and takes their time. */
const joan: Reader = { name: 'Joan', email: 'joan@example.net', lang: 'en', marketing: false };
const sari: Reader = { name: 'Sari', email: 'sari@example.com', lang: 'id', marketing: false };

/** Every picture there is, from the story as it stands after the edition has arrived. */
export async function findShots(scene: Scene): Promise<Shot[]> {
  const { stage, edition } = scene;
  const { baseUrl } = stage;
  if (!edition) throw new Error('there is no edition to look at');
  const page = new URL(edition.url).pathname;
  const signUp = `${baseUrl}/s/inside-washington`;
  const mail = async (kind: MailKind, { email }: Reader) =>
    `${(await stage.inbox.wait(kind, email)).url}/html`;
  const digest = await stage.inbox.wait('digest', tom.email);
  const own = (place: string) =>
    new RegExp(`https?:\\S+/${place}/[\\w.-]+`).exec(digest.text)?.[0] ?? baseUrl;
  const sentTo = await askToJoin(scene, sari);
  await askToJoin(scene, joan);
  const { text } = await stage.inbox.wait('confirmation', joan.email);
  const confirmation = /https?:\S+\/confirm\/[\w-]+(?=\s|$)/.exec(text)?.[0] ?? baseUrl;
  const late = await welcomeOf(scene);
  return [
    { name: 'sign-up', url: `${signUp}?lang=en`, ...desktop },
    { name: 'sign-up-id-dark', url: `${signUp}?lang=id`, ...phone, dark: true },
    { name: 'article-box', url: `${stage.site.article('en')}#dl-h-inside-washington`, ...desktop },
    { name: 'check-inbox-id', url: sentTo, ...phone },
    { name: 'confirmation-id', url: await mail('confirmation', rina), ...phone },
    { name: 'confirm', url: confirmation, ...phone },
    { name: 'welcome', url: late, ...desktop },
    { name: 'digest', url: await mail('digest', tom), ...desktop },
    { name: 'digest-id-dark', url: await mail('digest', rina), ...phone, dark: true },
    { name: 'digest-rtl', html: await rightToLeft(), ...phone },
    { name: 'archive', url: `${baseUrl}/inside-washington`, ...desktop },
    { name: 'edition', url: edition.url, ...desktop },
    { name: 'edition-id-dark', url: `${baseUrl}/id${page}`, ...desktop, dark: true },
    { name: 'manage', url: `${own('m')}?lang=en`, ...desktop },
    { name: 'unsubscribe-id', url: `${own('u')}?lang=id`, ...phone },
    {
      name: 'send-dark',
      url: `${baseUrl}/desk/sends/${edition.id.replace('ed_', 'snd_')}`,
      ...table,
      dark: true,
    },
  ];
}

/** @returns where the form leads. */
async function askToJoin({ stage }: Scene, { email, lang }: Reader): Promise<string> {
  const form = await look(`${stage.baseUrl}/s/inside-washington?lang=${lang}`);
  const { location } = await press(form, (action) => action.includes('/s/'), { email });
  return location;
}

/** The welcome of a reader who comes after the edition, with its stories. */
async function welcomeOf(scene: Scene): Promise<string> {
  const reader: Reader = { name: 'Ada', email: 'ada@example.org', lang: 'en', marketing: false };
  await askToJoin(scene, reader);
  const { inbox } = scene.stage;
  const { text } = await inbox.wait('confirmation', reader.email);
  const link = /https?:\S+\/confirm\/[\w-]+(?=\s|$)/.exec(text)?.[0] ?? '';
  await press(await look(link), (action) => new URL(action).pathname === new URL(link).pathname);
  return `${(await inbox.wait('welcome', reader.email)).url}/html`;
}

/** The digest in Arabic, which the story's newsletter does not have: from the templates' own sample. */
async function rightToLeft(): Promise<string> {
  const templates = builtInTemplates();
  const sample = await readFile(join(templates, 'samples', 'digest.ar.json'), 'utf8');
  const { html } = await renderDigest(openTemplates(templates), JSON.parse(sample) as DigestView);
  return html.replaceAll('[[masked_address]]', 'r•••@example.com').replaceAll('[[signed_up_on]]', '3/7/2026');
}
