import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { countWithin } from '../platform/db/limits.ts';
import { limitNet } from '../platform/http/client-address.ts';
import type { Wish } from './edition.ts';

const windowMs = 24 * 3_600_000;
/** Of one edition and network: a household or an office, and not one visitor who presses all day. */
const countedMax = 20;

/**
 * Counts a reader's wish for more or less like an edition. Nobody is known by it: kept is the sum, and for a day how often the
 * network asked. Above twenty of one network a day nothing more is counted. Every call counts once.
 *
 * @returns whether it was counted; the reader is thanked either way.
 */
export async function countOpinion(
  ctx: Context,
  opinion: { editionId: number; wish: Wish; clientAddress: string },
): Promise<boolean> {
  const { editionId, wish, clientAddress } = opinion;
  const net = fingerprint(ctx.keyring, `net:${limitNet(clientAddress)}`).bytes.toString('hex');
  const times = await countWithin(ctx.db, `opinion:${editionId}:${net}`, windowMs, ctx.clock.now());
  const counted = times <= countedMax;
  if (counted) {
    await sql`
      insert into edition_opinions as so_far (edition_id, wish, n) values (${editionId}, ${wish}, 1)
      on conflict (edition_id, wish) do update set n = so_far.n + 1`.execute(ctx.db);
  }
  ctx.log.info({ deed: 'count-opinion', editionId, wish, counted }, counted ? 'counted' : 'left');
  return counted;
}

/** How many readers wish for more like an edition, and how many for less. */
export async function countedOpinions(db: Db, editionId: number): Promise<Record<Wish, number>> {
  const rows = await db
    .selectFrom('edition_opinions')
    .select(['wish', 'n'])
    .where('edition_id', '=', editionId)
    .execute();
  const of = (wish: Wish) => rows.find((row) => row.wish === wish)?.n ?? 0;
  return { more: of('more'), less: of('less') };
}
