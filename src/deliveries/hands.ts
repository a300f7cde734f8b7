import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import type { Bulk } from '../platform/mail/bulk.ts';
import type { ComposedMessage } from '../platform/mail/message.ts';
import { openFiller, type Reader } from '../platform/mail/open-splicer.ts';
import type { MessageBytes } from '../platform/mail/slab.ts';
import { AttemptLog } from './attempt-log.ts';
import { LaneHands } from './lane-hands.ts';
import { Permits } from './permits.ts';
import type { EditionFacts } from './personalise.ts';
import { RelayWatch } from './relay-watch.ts';

/** A variant ready to be written to one reader after another. */
export interface Written {
  lang: string;
  fill: (reader: Reader) => MessageBytes;
}

/** What this process has in hand: bound to its pool of connections, and gone with it. */
export interface Hands {
  permits: Permits;
  relays: RelayWatch;
  /** Batches that a job of this process is working on. */
  batches: Set<string>;
  /** No more is begun; what is on the wire is finished. */
  stopping: boolean;
  attempts: AttemptLog;
  lanes: LaneHands;
  editions: Map<number, Promise<EditionFacts>>;
  variants: Map<number, Promise<Written>>;
}

/** `sending` is written for so many deliveries per connection: one on the wire, one that follows in its wake. */
const perConnection = 2;
const editionsKept = 16;
const variantsKept = 32;

const known = new WeakMap<Bulk, Hands>();

export function handsOf(ctx: Context): Hands {
  const pool = ctx.mail.editions;
  const hands = known.get(pool) ?? {
    permits: new Permits(perConnection * connectionsOf(ctx)),
    relays: new RelayWatch(),
    batches: new Set(),
    stopping: false,
    attempts: new AttemptLog(),
    lanes: new LaneHands(),
    editions: new Map(),
    variants: new Map(),
  };
  known.set(pool, hands);
  return hands;
}

export function batchName(editionId: number, batchNo: number): string {
  return `${editionId}-${batchNo}`;
}

/** How many connections this process opens at most. */
export function connectionsOf(ctx: Context): number {
  const perRelay = ctx.config.relays.map((relay) => relay.connections ?? Number.POSITIVE_INFINITY);
  const ofRelays =
    perRelay.length > 0 ? perRelay.reduce((sum, one) => sum + one, 0) : Number.POSITIVE_INFINITY;
  return Math.min(ctx.config.smtpConnections, ofRelays);
}

/** What the edition's mails share. An edition does not change once it is sending, so it is read once. */
export function factsOf(ctx: Context, editionId: number): Promise<EditionFacts> {
  const { editions } = handsOf(ctx);
  return kept(editions, { key: editionId, max: editionsKept }, () => readFacts(ctx.db, editionId));
}

/** The variant's mail, encoded once, cut where a reader's own values go. A digest takes some 50 KB. */
export function variantOf(ctx: Context, variantId: number): Promise<Written> {
  const { variants } = handsOf(ctx);
  return kept(variants, { key: variantId, max: variantsKept }, () => readVariant(ctx.db, variantId));
}

function kept<T>(
  map: Map<number, Promise<T>>,
  { key, max }: { key: number; max: number },
  read: () => Promise<T>,
): Promise<T> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const found = read();
  map.set(key, found);
  found.catch(() => map.delete(key));
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
  return found;
}

async function readFacts(db: Db, editionId: number): Promise<EditionFacts> {
  const row = await db
    .selectFrom('sends as s')
    .innerJoin('editions as e', 'e.id', 's.edition_id')
    .innerJoin('newsletters as n', 'n.id', 'e.newsletter_id')
    .select([
      'n.id as newsletterId',
      'n.from_email as fromEmail',
      'n.time_zone as timeZone',
      's.frozen_at as frozenAt',
    ])
    .where('s.edition_id', '=', editionId)
    .executeTakeFirst();
  if (!row?.frozenAt) throw new Error(`edition ${editionId} has not started`);
  const { newsletterId, fromEmail, timeZone, frozenAt } = row;
  return { editionId, newsletterId, fromEmail, timeZone, frozenAt };
}

async function readVariant(db: Db, variantId: number): Promise<Written> {
  const row = await db
    .selectFrom('edition_variants')
    .select(['lang', 'mime'])
    .where('id', '=', variantId)
    .executeTakeFirst();
  if (!row) throw new Error(`variant ${variantId} is gone`);
  return { lang: row.lang, fill: openFiller(row.mime as ComposedMessage) };
}
