import type { Context } from '../context.ts';
import { hashToken, mintToken } from '../lib/signed-token.ts';
import { type AccountAct, isAccountAct } from './account-acts.ts';

/** How long the link works, and how long the account stays open. */
export const accountMs = 30 * 60_000;

/** Whether the link could open an account now. Looks only: mail scanners open links too. */
export async function isOpenAccountLink(ctx: Context, token: string): Promise<boolean> {
  const row = await ctx.db
    .selectFrom('account_links')
    .select('id')
    .where('hash', '=', hashToken(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', ctx.clock.now())
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Opens an account with the link that its mailbox got. A link opens it once: of two who use it one comes in.
 *
 * @returns the session's own token, of which only a hash is stored, and what the reader had come for.
 */
export async function openAccount(
  ctx: Context,
  token: string,
): Promise<{ session: string; act: AccountAct } | undefined> {
  const now = ctx.clock.now();
  const session = mintToken();
  return ctx.db.transaction().execute(async (tx) => {
    const used = await tx
      .updateTable('account_links')
      .set({ used_at: now })
      .where('hash', '=', hashToken(token))
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .returning(['subscriber_id', 'act'])
      .executeTakeFirst();
    if (!used || !isAccountAct(used.act)) return undefined;
    await tx
      .insertInto('account_sessions')
      .values({
        hash: hashToken(session),
        subscriber_id: used.subscriber_id,
        expires_at: new Date(now.getTime() + accountMs),
      })
      .execute();
    ctx.log.info({ deed: 'open-account', subscriberId: used.subscriber_id }, 'account opened');
    return { session, act: used.act };
  });
}

/** Whose account the session has open; `undefined` when it has ended. */
export async function accountOf(ctx: Context, session: string | undefined): Promise<number | undefined> {
  if (session === undefined) return undefined;
  const row = await ctx.db
    .selectFrom('account_sessions as a')
    .innerJoin('subscribers as s', 's.id', 'a.subscriber_id')
    .select('a.subscriber_id')
    .where('a.hash', '=', hashToken(session))
    .where('a.expires_at', '>', ctx.clock.now())
    .where('s.erased_at', 'is', null)
    .executeTakeFirst();
  return row?.subscriber_id;
}

/** Safe to run twice. */
export async function closeAccount(ctx: Context, session: string): Promise<void> {
  await ctx.db.deleteFrom('account_sessions').where('hash', '=', hashToken(session)).execute();
}
