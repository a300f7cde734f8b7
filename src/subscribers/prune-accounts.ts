import type { Context } from '../context.ts';

const linksKeptMs = 30 * 24 * 60 * 60_000;

/** Forgets account links and sessions, changes of address and copies of data whose time is over. Safe to run twice. */
export async function pruneAccounts(ctx: Context): Promise<number> {
  const now = ctx.clock.now();
  const gone = await Promise.all([
    ctx.db.deleteFrom('account_sessions').where('expires_at', '<=', now).returning('hash').execute(),
    ctx.db
      .deleteFrom('account_links')
      .where('asked_at', '<', new Date(now.getTime() - linksKeptMs))
      .returning('id')
      .execute(),
    ctx.db.deleteFrom('data_copies').where('expires_at', '<=', now).returning('id').execute(),
    ctx.db
      .updateTable('email_changes')
      .set({ state: 'expired', new_email: null })
      .where('state', '=', 'asked')
      .where('expires_at', '<=', now)
      .returning('id')
      .execute(),
  ]);
  return gone.reduce((sum, rows) => sum + rows.length, 0);
}
