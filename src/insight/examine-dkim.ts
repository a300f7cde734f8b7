import type { Context } from '../context.ts';
import { findPublisher, listNewsletters } from '../newsletters/find.ts';
import { lookUpTxt } from '../platform/look-up-txt.ts';
import type { DkimIdentity, DkimKey } from '../platform/mail/dkim-keys.ts';
import { dkimRecord, publishesSameKey } from '../platform/mail/dkim-record.ts';
import { type Finding, finding } from './finding.ts';

const dnsTimeoutMs = 3_000;

/**
 * Whether receivers can verify what is signed here: each key is published (asked of DNS unless `MX_CHECK` is off), and the
 * domain that signs is that of every sender. Nothing when mail is not signed here.
 */
export async function examineDkim(ctx: Context): Promise<Finding[]> {
  const { dkim } = ctx.config;
  if (!dkim) return [];
  const published = dkim.keys.map((key) => examineKey(ctx, dkim, key));
  return [await examineAlignment(ctx, dkim.domain), ...(await Promise.all(published))];
}

/** DMARC counts a signature only when its domain is that of From, or one above or below it: its relaxed alignment. */
async function examineAlignment(ctx: Context, domain: string): Promise<Finding> {
  const publisher = await findPublisher(ctx.db);
  const newsletters = await listNewsletters(ctx.db);
  const senders = [
    ...(publisher ? [{ name: 'the publisher', email: publisher.fromEmail }] : []),
    ...newsletters.map((one) => ({ name: one.slug, email: one.fromEmail })),
  ].map(({ name, email }) => ({ name, from: email.slice(email.lastIndexOf('@') + 1).toLowerCase() }));
  const apart = senders.filter(({ from }) => !within(from, domain) && !within(domain, from));
  return finding(
    'dkim',
    apart.length === 0,
    apart.length === 0
      ? `${domain} signs for every sender`
      : `${domain} signs, but mail comes from ${apart.map(({ name, from }) => `${from} (${name})`).join(', ')}`,
    'DMARC compares the two: change the sender, or sign with a domain above both (DKIM_DOMAIN).',
  );
}

function within(domain: string, above: string): boolean {
  return domain === above || domain.endsWith(`.${above}`);
}

async function examineKey(ctx: Context, identity: DkimIdentity, key: DkimKey): Promise<Finding> {
  const record = dkimRecord(identity, key);
  const what = `dkim ${key.selector}`;
  const publish = `Publish ${record.name} TXT "${record.value}"`;
  const { mxCheck, dnsServers } = ctx.config;
  if (!mxCheck) return finding(what, true, `DNS is not asked. ${publish}`, '');
  const answer = await lookUpTxt(record.name, { servers: dnsServers, timeoutMs: dnsTimeoutMs });
  switch (answer.kind) {
    case 'no_answer':
      return finding(
        what,
        false,
        `DNS did not answer for ${record.name}`,
        'Check DNS_SERVERS and try again.',
      );
    case 'absent':
      return finding(what, false, `${record.name} has no TXT record`, publish);
    case 'found': {
      const [only, another] = answer.values;
      const same = only !== undefined && another === undefined && publishesSameKey(only, record);
      const other = another === undefined ? 'publishes another key' : 'has several TXT records';
      const instead = `${publish}, and nothing else under that name.`;
      return finding(what, same, `${record.name} ${same ? 'is published' : other}`, instead);
    }
  }
}
