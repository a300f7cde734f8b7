import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import PostalMime from 'postal-mime';
import { type MessageKey, say } from '../src/platform/i18n/messages.ts';
import { until } from './until.ts';

export interface Mail {
  file: string;
  /** Where the inbox page shows it. */
  url: string;
  /** The recipient of the envelope. */
  to: string;
  from: string;
  subject: string;
  kind: MailKind;
  /** Every value of a header, unfolded. */
  header(name: string): string[];
  /** The types of its parts, in their order. */
  parts: string[];
  text: string;
  html: string;
  raw: string;
}

export type MailKind = 'confirmation' | 'welcome' | 'digest' | 'already-subscribed' | 'other';

/** The mailbox of every reader: what the mail trap has taken in over SMTP and keeps as files. */
export interface Inbox {
  url: string;
  /** Oldest first. */
  mails(): Promise<Mail[]>;
  /** Waits for the mail of a kind to an address. */
  wait(kind: MailKind, to: string): Promise<Mail>;
  copyTo(dir: string): Promise<void>;
}

export function openInbox(dir: string, at: { url: string; newsletter: string }): Inbox {
  const read = new Map<string, Mail>();
  const mails = async () => {
    const names = await readdir(dir).catch(() => [] as string[]);
    const files = names.filter((name) => name.endsWith('.eml') && !name.startsWith('.')).sort();
    for (const file of files) {
      if (!read.has(file)) read.set(file, await readMail(join(dir, file), at));
    }
    return files.flatMap((file) => read.get(file) ?? []);
  };
  return {
    url: at.url,
    mails,
    wait: (kind, to) =>
      until(`the ${kind} to ${to}`, async () =>
        (await mails()).find((mail) => mail.kind === kind && mail.to === to),
      ),
    copyTo: async (target) => {
      await mkdir(target, { recursive: true });
      for (const { file } of await mails()) await copyFile(join(dir, file), join(target, file));
    },
  };
}

async function readMail(path: string, at: { url: string; newsletter: string }): Promise<Mail> {
  const bytes = await readFile(path);
  const parsed = await PostalMime.parse(bytes);
  const raw = bytes.toString('utf8');
  const file = basename(path);
  const header = (name: string) =>
    parsed.headers.filter(({ key }) => key === name.toLowerCase()).map(({ value }) => value);
  const subject = parsed.subject ?? '';
  return {
    file,
    url: `${at.url}/${file.replace(/\.eml$/, '')}`,
    to: header('x-original-to')[0] ?? '',
    from: parsed.from?.address ?? '',
    subject,
    kind: kindOf({ subject, feedbackId: header('feedback-id')[0] ?? '' }, at.newsletter),
    header,
    parts: [...raw.matchAll(/^content-type:\s*([\w/.+-]+)/gim)].map((match) =>
      (match[1] ?? '').toLowerCase(),
    ),
    text: parsed.text ?? '',
    html: parsed.html ?? '',
    raw,
  };
}

const subjects: [MailKind, MessageKey][] = [
  ['confirmation', 'letter.confirmation.subject'],
  ['welcome', 'letter.welcome.subject'],
  ['already-subscribed', 'letter.already.subject'],
];

function kindOf(mail: { subject: string; feedbackId: string }, newsletter: string): MailKind {
  if (mail.feedbackId.includes(':digest:')) return 'digest';
  const known = subjects.find(([, key]) =>
    (['en', 'id'] as const).some((lang) => mail.subject === say(lang, key, { newsletter })),
  );
  return known?.[0] ?? 'other';
}
