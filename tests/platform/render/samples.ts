import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInTemplates, openTemplates } from '../../../src/platform/render/templates.ts';

export const templates = openTemplates(builtInTemplates());

/** A fresh copy of one of the sample views in `templates/emails/samples`. */
export function sample<View>(name: string): View {
  return JSON.parse(readFileSync(join(builtInTemplates(), 'samples', `${name}.json`), 'utf8')) as View;
}

/** Strings that break programs, or nothing when the test corpora are not beside the project. */
export function naughtyStrings(): string[] | undefined {
  const path = new URL('../../../../shared/corpora/naughty-strings.json', import.meta.url);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as string[]) : undefined;
}

/** Fills the per-reader places the way a send does. */
export function fillPlaces(text: string): string {
  return text
    .replaceAll('[[masked_address]]', 'r•••@example.com')
    .replaceAll('[[signed_up_on]]', '3 July 2026')
    .replaceAll('[[unsubscribe_url]]', `https://news.example.org/u/${'u'.repeat(64)}`)
    .replaceAll('[[manage_url]]', `https://news.example.org/m/${'m'.repeat(64)}`);
}
