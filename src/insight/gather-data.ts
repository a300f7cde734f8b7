import type { Context } from '../context.ts';
import { zipOf } from '../lib/zip.ts';
import { findPublisher } from '../newsletters/find.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { keepCopy, waitingCopy } from '../subscribers/data-copies.ts';
import { dataPage } from './data-page.tsx';
import { personalData } from './personal-data.ts';

export type Gathered = { kind: 'gathered' | 'nothing_to_gather' };

/**
 * Puts a reader's copy of their data together (GDPR art. 15 and 20, UU PDP art. 7 and 13): everything that names them, once as
 * JSON and once as a page to read, in one zip. A letter says where it is; it is kept for a day. Safe to run twice: a copy that
 * was asked for is made once.
 */
export async function gatherData(ctx: Context, { subscriberId }: Payload<'gather-data'>): Promise<Gathered> {
  const copyId = await waitingCopy(ctx, subscriberId);
  if (copyId === undefined) return { kind: 'nothing_to_gather' };
  const data = await personalData(ctx.db, subscriberId);
  if (!data) return { kind: 'nothing_to_gather' };
  const publisher = await findPublisher(ctx.db);
  const zip = zipOf([
    { name: 'data.json', text: `${JSON.stringify(data, null, 2)}\n` },
    { name: 'data.html', text: dataPage(data, publisher, ctx.clock.now()) },
  ]);
  const kept = await keepCopy(ctx, copyId, zip);
  ctx.log.info({ deed: 'gather-data', subscriberId, bytes: zip.length, kept }, 'data gathered');
  return { kind: kept ? 'gathered' : 'nothing_to_gather' };
}
