import { existsSync, readFileSync } from 'node:fs';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import type { MessageParts } from '../../../src/platform/mail/message.ts';
import type { Reader } from '../../../src/platform/mail/open-splicer.ts';

export const digest: MessageParts = {
  from: { name: 'Inside Washington', address: 'iw@news.example.org' },
  replyTo: { address: 'desk@news.example.org' },
  subject: 'The Senate votes tonight',
  html: '<p>Good morning [[name]]</p><p><a href="[[unsubscribe_url]]">Unsubscribe</a></p>\n',
  text: 'Good morning [[name]]\n\n[[unsubscribe_url]]\n',
  headers: [
    { name: 'List-Id', value: 'Inside Washington <inside-washington.news.example.org>' },
    { name: 'List-Unsubscribe', value: '<[[unsubscribe_url]]>, <mailto:u+[[token]]@bounces.example.org>' },
    { name: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
    { name: 'Feedback-ID', value: '412:inside-washington:digest:dateline' },
    { name: 'Precedence', value: 'bulk' },
  ],
  places: ['name', 'unsubscribe_url', 'token'],
};

export const rina: Reader = {
  to: 'rina@example.com',
  messageId: '<e412.abc@news.example.org>',
  date: new Date('2026-07-14T07:00:00Z'),
  values: { name: 'Rina', unsubscribe_url: 'https://news.example.org/u/abc.def', token: 'k3j' },
};

/** The html and text that two independent parsers read, with line ends as LF and none at the end. */
export async function readTwice(raw: string | Buffer) {
  const bytes = typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw;
  const [mailparser, postalMime] = await Promise.all([simpleParser(bytes), PostalMime.parse(bytes)]);
  return [
    {
      by: 'mailparser',
      html: tidy(mailparser.html || ''),
      text: tidy(mailparser.text ?? ''),
      subject: mailparser.subject,
    },
    {
      by: 'postal-mime',
      html: tidy(postalMime.html ?? ''),
      text: tidy(postalMime.text ?? ''),
      subject: postalMime.subject,
    },
  ];
}

export function tidy(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/\n+$/, '');
}

const naughtyFile = new URL('../../../../shared/corpora/naughty-strings.json', import.meta.url);

/** Strings that break software; undefined, and said so, where the folder with test material is absent. */
export function naughtyStrings(): string[] | undefined {
  if (!existsSync(naughtyFile)) {
    console.warn('skipped: ../shared/corpora/naughty-strings.json is not here');
    return undefined;
  }
  return JSON.parse(readFileSync(naughtyFile, 'utf8')) as string[];
}
