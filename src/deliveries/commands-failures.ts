import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { csvRow } from '../lib/csv.ts';
import { Refusal } from '../lib/errors.ts';
import { deliveryId, publicId } from '../lib/ids.ts';
import { type Out, table } from '../shell.ts';
import { needId } from './asked.ts';
import type { Delivery } from './list-deliveries.ts';
import { listFailures } from './list-failures.ts';
import { groupDomains, listGroup } from './list-group.ts';
import { outsideDelivery, outsideFailures } from './outside.ts';
import { reasonWords } from './reasons.ts';
import { retryFailures } from './retry-failures.ts';
import { whatToRetry } from './what-to-retry.ts';

/** Adds a verb to `dateline send` that acts on one send. */
type On = <Options>(
  verb: string,
  description: string,
  act: (ctx: Context, out: Out, editionId: number, options: Options) => Promise<void>,
) => Command;

interface FailuresOptions {
  group?: string;
  after?: string;
  csv?: boolean;
}

const pageSize = 100;
const exportPageSize = 1_000;

/** `dateline send failures | retry`. */
export function failureCommands(on: On): void {
  on<FailuresOptions>('failures', 'what failed, grouped by reason', async (ctx, out, editionId, options) => {
    if (options.csv) await exportCsv(ctx, out, editionId, options.group);
    else if (options.group !== undefined) await showGroup(ctx, out, editionId, options.group, options.after);
    else await showGroups(ctx, out, editionId);
  })
    .option('--group <group>', 'the deliveries of one group')
    .option('--after <subscriber>', 'with --group: the page after this one, sub_345')
    .option('--csv', 'every delivery that failed (or of --group) as CSV');
  on<{ group?: string; domain?: string; one?: string }>(
    'retry',
    'send failed deliveries once more; never one that was accepted',
    async (ctx, out, editionId, { group, domain, one }) => {
      const what = whatToRetry({ group, domain, delivery: one }, editionId);
      const deliveries = await retryFailures(ctx, { editionId, what, by: 'cli' });
      out.result({ deliveries }, retriedWords(deliveries));
    },
  )
    .option(
      '--group <group>',
      'a group of `send failures`; of `in-doubt` and `worker-lost` some may arrive twice',
    )
    .option('--domain <domain>', 'what this domain refused')
    .option('--one <delivery>', 'one delivery, dlv_12_345, or its reader, sub_345');
}

async function showGroups(ctx: Context, out: Out, editionId: number): Promise<void> {
  const groups = await listFailures(ctx.db, editionId);
  out.result(
    { data: outsideFailures(groups) },
    groups.length === 0
      ? 'Nothing failed.'
      : table([
          ['GROUP', 'STATE', 'DELIVERIES', 'REASON', 'CODES', 'SAMPLE'],
          ...groups.map((one) => [
            one.class,
            one.state,
            one.deliveries,
            one.reason,
            one.codes.join(' '),
            one.sample ?? '',
          ]),
        ]),
  );
}

async function showGroup(
  ctx: Context,
  out: Out,
  editionId: number,
  group: string,
  after: string | undefined,
): Promise<void> {
  const found = await listGroup(ctx.db, {
    editionId,
    group,
    after: after === undefined ? undefined : needId('subscriber', after, '--after'),
    limit: pageSize + 1,
  });
  const page = found.slice(0, pageSize);
  const domains = await groupDomains(ctx.db, { editionId, group });
  const last = found.length > pageSize ? page.at(-1) : undefined;
  const next = last ? publicId('subscriber', last.subscriberId) : null;
  out.result({ domains, data: page.map((one) => outsideDelivery(one, ctx.keyring)), next }, [
    ...(page.length === 0 ? [`Nothing of this send is in the group ${group}.`] : [reasonWords(group), '']),
    ...table(domains.map(({ domain, deliveries }) => [domain, deliveries])),
    ...(page.length === 0 ? [] : ['', ...deliveryTable(page)]),
    ...(next ? ['', `More: add --after ${next}`] : []),
  ]);
}

function deliveryTable(page: readonly Delivery[]): string[] {
  return table([
    ['DELIVERY', 'STATE', 'CODE', 'STATUS', 'TRIES', 'ANSWER'],
    ...page.map((one) => [
      deliveryId(one.editionId, one.subscriberId),
      one.state,
      one.smtpCode ?? '',
      one.status ?? '',
      one.attempts,
      one.textMasked ?? '',
    ]),
  ]);
}

/** Page by page, so that a million failures need no more memory than a thousand. */
async function exportCsv(
  ctx: Context,
  out: Out,
  editionId: number,
  group: string | undefined,
): Promise<void> {
  if (out.json) throw new Refusal(422, 'invalid', 'Choose one: --csv or --json.');
  out.line(
    csvRow([
      'delivery',
      'subscriber',
      'state',
      'group',
      'reason',
      'smtp_code',
      'smtp_status',
      'tries',
      'answer',
    ]),
  );
  let after: number | undefined;
  for (;;) {
    const page = await listGroup(ctx.db, { editionId, group, after, limit: exportPageSize });
    for (const one of page) out.line(csvRow(csvCells(one)));
    if (page.length < exportPageSize) return;
    after = page.at(-1)?.subscriberId;
  }
}

function csvCells(one: Delivery): (string | number)[] {
  return [
    deliveryId(one.editionId, one.subscriberId),
    publicId('subscriber', one.subscriberId),
    one.state,
    one.class ?? 'unknown',
    reasonWords(one.class ?? 'unknown'),
    one.smtpCode ?? '',
    one.status ?? '',
    one.attempts,
    one.textMasked ?? '',
  ];
}

function retriedWords(deliveries: number): string {
  if (deliveries === 0) {
    return 'Nothing to retry: deferred ones are tried again by themselves, accepted ones never, and unknown ones three times at most.';
  }
  return deliveries === 1
    ? 'One delivery went back into the queue.'
    : `${deliveries} deliveries went back into the queue.`;
}
