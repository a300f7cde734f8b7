import type { Context } from '../context.ts';
import { exchangesOf } from '../platform/mail-domain.ts';
import { laneOfExchange } from './lane-names.ts';

/** Domains per run, and at once. A run is a minute's; what is left is the next one's. */
const domainsPerRun = 300;
const atOnce = 20;
const timeoutMs = 3_000;
/** Providers move seldom: a domain is asked about again after this. */
const goodForMs = 7 * 24 * 3_600_000;

/**
 * Finds out whose mailboxes the domains of readers are, by their MX: a company's domain at a large provider goes in that
 * provider's lane. Looks up what fan-outs have met and nobody knows yet, then what is older than a week; never while a mail
 * is sent. Domains that do not answer are asked again in a week. Does nothing where look-ups are off. Safe to run twice.
 *
 * @returns how many domains were looked up.
 */
export async function lookUpLanes(ctx: Context): Promise<number> {
  if (!ctx.config.mxCheck) return 0;
  const now = ctx.clock.now();
  const unknown = await ctx.db
    .selectFrom('mail_domains')
    .select('domain')
    .where((eb) => eb.or([eb('mx_at', 'is', null), eb('mx_at', '<', new Date(now.getTime() - goodForMs))]))
    .orderBy('mx_at', (order) => order.asc().nullsFirst())
    .limit(domainsPerRun)
    .execute();
  const waiting = unknown.map(({ domain }) => domain);
  const next = async () => {
    for (let domain = waiting.shift(); domain !== undefined; domain = waiting.shift()) {
      await lookUp(ctx, domain, now);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  return unknown.length;
}

async function lookUp(ctx: Context, domain: string, now: Date): Promise<void> {
  const exchanges = await exchangesOf(domain, { servers: ctx.config.dnsServers, timeoutMs });
  const lane = exchanges?.map(laneOfExchange).find((found) => found !== undefined);
  await ctx.db
    .updateTable('mail_domains')
    // A name server that is silent today does not make us forget what it said before.
    .set({ mx_at: now, ...(exchanges ? { lane: lane ?? null } : {}) })
    .where('domain', '=', domain)
    .execute();
}
