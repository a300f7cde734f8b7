import { sql } from 'kysely';
import type { EmailAddress } from '../lib/email-address.ts';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';
import { priorColumns } from './queries.ts';
import type { SignUp } from './sign-up-queries.ts';

/**
 * Makes subscriptions pending: new ones, and those the reader had left. Active ones stay as they are, whoever posted the
 * form. Of a person who has never confirmed, the newest form says the address's spelling, the language and the topics; who comes
 * back has the topics that they had. In the caller's transaction; safe to run twice.
 */
export async function makePending(
  tx: Db,
  asked: {
    person: { id: number };
    address?: EmailAddress;
    signUp: SignUp;
    newsletterIds: readonly number[];
    at: Date;
  },
): Promise<void> {
  const { person, address, signUp, newsletterIds, at } = asked;
  if (address) await renewStranger(tx, person.id, address, signUp.lang);
  const topics = signUp.topics ?? null;
  const { rows } = await sql<{ id: number; before: unknown }>`
    with prior as (
      select ${priorColumns} from subscriptions
      where subscriber_id = ${person.id} and newsletter_id = any(${[...newsletterIds]}::bigint[])
      for update
    ), made as (
      insert into subscriptions (subscriber_id, newsletter_id, state, topics, source, created_at)
      select ${person.id}, id, 'pending', ${topics}::text[], ${signUp.form}, ${at} from unnest(${[...newsletterIds]}::bigint[]) as id
      on conflict (subscriber_id, newsletter_id) do update set state = 'pending'
        where subscriptions.state = 'unsubscribed'
      returning id
    )
    select made.id, to_jsonb(prior) as before from made left join prior using (id)`.execute(tx);
  if (address) await renewTopics(tx, person.id, newsletterIds, topics);
  await recordEvents(
    tx,
    rows.map((row) => ({
      subscriberId: person.id,
      subscriptionId: row.id,
      kind: 'signed_up',
      before: row.before ?? undefined,
      actor: 'form',
      at,
    })),
  );
}

async function renewTopics(
  tx: Db,
  subscriberId: number,
  newsletterIds: readonly number[],
  topics: readonly string[] | null,
): Promise<void> {
  await tx
    .updateTable('subscriptions')
    .set({ topics: topics && [...topics] })
    .where('subscriber_id', '=', subscriberId)
    .where('newsletter_id', 'in', [...newsletterIds])
    .where('state', '=', 'pending')
    .where('confirmed_at', 'is', null)
    .where('unsubscribed_at', 'is', null)
    .execute();
}

async function renewStranger(
  tx: Db,
  subscriberId: number,
  address: EmailAddress,
  lang: string,
): Promise<void> {
  await tx
    .updateTable('subscribers')
    .set({ email: address.email, language: lang })
    .where('id', '=', subscriberId)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('subscriptions')
            .select('id')
            .whereRef('subscriber_id', '=', 'subscribers.id')
            .where((known) =>
              known.or([known('state', '!=', 'pending'), known('confirmed_at', 'is not', null)]),
            ),
        ),
      ),
    )
    .execute();
}
