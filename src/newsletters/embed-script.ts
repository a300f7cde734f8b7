import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lib/package-root.ts';
import { languages } from '../platform/i18n/languages.ts';
import { type MessageKey, say, sayParts } from '../platform/i18n/messages.ts';

/** The parts in `browser/`, in the order in which they need each other. */
const parts = ['words', 'proof', 'panel', 'box', 'start'];

/** What the script says, by its own short names; the words are the pages' own. */
const messages: Record<string, MessageKey> = {
  button: 'signup.button',
  working: 'signup.working',
  email: 'signup.error.email',
  saved: 'signup.error.saved',
  disposable: 'signup.error.disposable',
  nothing: 'signup.error.nothing',
  domain: 'signup.error.domain',
  meant: 'signup.error.domain_meant',
  use: 'signup.error.domain_use',
  keep: 'signup.error.domain_keep',
  sent: 'signup.sent.title',
  open: 'signup.sent.open',
  from: 'signup.sent.from',
  help: 'signup.sent.help',
  again_button: 'signup.sent.again_button',
  again: 'signup.sent.again',
  change: 'signup.sent.change',
  step: 'signup.step.title',
  step_detail: 'signup.step.detail',
  step_button: 'signup.step.button',
  wait: 'error.429.title',
  retry: 'signup.retry',
};

/** What is filled in when the script says it. */
const places = {
  domain: '{domain}',
  suggestion: '{suggestion}',
  provider: '{provider}',
  sender: '{sender}',
  subject: '{subject}',
};

/**
 * `/embed/v1.js`: one file without a dependency, which sends boxes in place and says so in every language of the program. Ends
 * quietly where it runs a second time.
 */
export function embedScript(): string {
  const words = Object.fromEntries(languages.map((lang) => [lang, wordsIn(lang)]));
  const code = parts.map((part) => withoutIndent(readPart(part)));
  return `(()=>{"use strict";if(window.customElements?.get("dateline-signup"))return;
const words=${JSON.stringify(words)};
${code.join('')}})();
`;
}

function readPart(part: string): string {
  try {
    return readFileSync(join(packageRoot(), 'dist', 'browser', `${part}.js`), 'utf8');
  } catch (cause) {
    throw new Error('the script of the box is not built: npm run build', { cause });
  }
}

function wordsIn(lang: string): Record<string, string> {
  const said = Object.entries(messages).map(([name, key]) => [name, say(lang, key, places)]);
  const body = sayParts<string>(lang, 'signup.sent.body', { address: () => '<>' });
  // Who is told to wait is told the whole window, so the script needs no plural.
  const wait = say(lang, 'signup.wait.detail', { minutes: 10 }).replace('10', '{minutes}');
  return { ...Object.fromEntries(said), body: body.join(''), wait_detail: wait };
}

/** No text in the script spans lines, so the space before them means nothing. */
function withoutIndent(code: string): string {
  return code.replace(/^\s+/gm, '');
}
