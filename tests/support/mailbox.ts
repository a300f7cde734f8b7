import { type HeaderValue, simpleParser } from 'mailparser';
import { mailLinks } from '../../src/platform/mail/mail-links.ts';
import type { Inbox } from '../../src/platform/mail/trap.ts';

/** One mail as a reader's program shows it. */
export interface ReadMail {
  id: string;
  /** The recipients of the envelope. */
  to: string[];
  from: string;
  subject: string;
  html: string;
  text: string;
  headers: Map<string, HeaderValue>;
  /** The web addresses in it, each once. */
  links: string[];
  raw: Buffer;
}

/** All mails of a trap, or those to one address, oldest first. */
export async function readMailbox(trap: Inbox, to?: string): Promise<ReadMail[]> {
  const mails: ReadMail[] = [];
  let after: string | undefined;
  do {
    const page = await trap.list({ limit: 500, q: to, after });
    for (const { id, recipients } of page.mails) {
      if (to !== undefined && !recipients.includes(to)) continue;
      const raw = await trap.read(id);
      if (raw) mails.push(await readMail(id, recipients, raw));
    }
    after = page.next;
  } while (after !== undefined);
  return mails.reverse();
}

/** Parses one mail as it was stored. */
export async function readMail(id: string, to: string[], raw: Buffer): Promise<ReadMail> {
  const parsed = await simpleParser(raw);
  const html = parsed.html || '';
  const text = parsed.text ?? '';
  return {
    id,
    to,
    from: parsed.from?.text ?? '',
    subject: parsed.subject ?? '',
    html,
    text,
    headers: parsed.headers,
    links: mailLinks({ html, text }).map((link) => link.href),
    raw,
  };
}
