import { createHash } from 'node:crypto';
import type { Config } from '../config.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Header } from '../platform/mail/header.ts';
import type { Edition } from './edition.ts';

/**
 * Headers of leaving: one `List-Unsubscribe`, https first, and the word that makes it one click (RFC 8058 §3.1). `mailto`
 * names the place of the second form, where mail for it arrives.
 */
export function leavingHeaders(newsletter: Newsletter, baseUrl: string, mailto?: string): Header[] {
  const { hostname } = new URL(baseUrl);
  return [
    {
      name: 'List-Unsubscribe',
      value: mailto ? `<[[unsubscribe_url]]>, <mailto:[[${mailto}]]>` : '<[[unsubscribe_url]]>',
    },
    { name: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
    { name: 'List-Id', value: `${newsletter.name} <${newsletter.slug}.${hostname}>` },
  ];
}

/** Headers that every copy of an edition shares: the list's, Google's feedback id, and what keeps robots from answering. */
export function editionHeaders(
  config: Pick<Config, 'baseUrl' | 'bounceDomain'>,
  newsletter: Newsletter,
  edition: Edition,
): Header[] {
  const sender = createHash('sha256').update(new URL(config.baseUrl).hostname).digest('hex').slice(0, 10);
  return [
    ...leavingHeaders(newsletter, config.baseUrl, config.bounceDomain && 'unsubscribe_mail'),
    { name: 'Feedback-ID', value: `${edition.number ?? edition.id}:${newsletter.slug}:digest:${sender}` },
    { name: 'Precedence', value: 'bulk' },
    { name: 'Auto-Submitted', value: 'auto-generated' },
    { name: 'X-Auto-Response-Suppress', value: 'OOF, AutoReply' },
  ];
}
