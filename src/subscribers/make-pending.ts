import { sql } from 'kysely';
import type { EmailAddress } from '../lib/email-address.ts';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';
import { priorColumns } from './queries.ts';
import type { SignUp } from './sign-up-queries.ts';

/**
 * Makes subscriptions pending: new ones, and those the reader had left. Active ones stay as they are, whoever posted the
 * form. Of a person who has never confirmed, the newest form says the address's spelling and the language. In the caller's
 * transaction; safe to run twice.
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
  const { rows } = await sql<{ id: number; before: unknown }>`
    with prior as (
      select ${priorColumns} from subscriptions
      where subscriber_id = ${person.id} and newsletter_id = any(${[...newsletterIds]}::bigint[])
      for update
    ), made as (
      insert into subscriptions (subscriber_id, newsletter_id, state, source, created_at)
      select ${person.id}, id, 'pending', ${signUp.form}, ${at} from unnest(${[...newsletterIds]}::bigint[]) as id
      on conflict (subscriber_id, newsletter_id) do update set state = 'pending'
        where subscriptions.state = 'unsubscribed'
      returning id
    )
    select made.id, to_jsonb(prior) as before from made left join prior using (id)`.execute(tx);
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
