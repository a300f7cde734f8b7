import { Command, Option } from 'commander';
import { Refusal } from '../lib/errors.ts';
import { publicId } from '../lib/ids.ts';
import type { Db } from '../platform/db/database.ts';
import { type Shell, table } from '../shell.ts';
import { createKey } from './create-key.ts';
import { type ApiKey, grantable } from './key.ts';
import { keysInOrder } from './queries.ts';
import { revokeKey } from './revoke-key.ts';

const split = (text: string) => text.split(/[\s,]+/).filter((part) => part !== '');

/** `dateline key create|list|revoke`. Newsletters come later in the story, so how to find one is handed in. */
export function keyCommands(
  shell: Shell,
  newsletterIdOf: (db: Db, slugOrId: string) => Promise<number>,
): Command[] {
  const key = new Command('key').description('API keys: who may operate Dateline from outside');
  key
    .command('create <name>')
    .description('make a key; it is shown once')
    .requiredOption('--scopes <list>', `what it may do, of ${grantable.join(' ')}`, split)
    .addOption(
      new Option('--mode <mode>', 'a test key never causes real mail')
        .choices(['live', 'test'])
        .default('live'),
    )
    .option('--only <slugs>', 'limit it to these newsletters', split)
    .option('--expires <time>', 'a date or an instant, like 2027-01-01')
    .action(
      (
        name: string,
        options: { scopes: string[]; mode: 'live' | 'test'; only?: string[]; expires?: string },
      ) =>
        shell.run(async (ctx, out) => {
          const limited =
            options.only ?? (shell.newsletter() === undefined ? [] : [shell.newsletter() ?? '']);
          const newsletterIds = await Promise.all(limited.map((slug) => newsletterIdOf(ctx.db, slug)));
          const made = await createKey(ctx, {
            name,
            scopes: options.scopes,
            mode: options.mode,
            newsletterIds: newsletterIds.length > 0 ? newsletterIds : undefined,
            expiresAt: readExpiry(options.expires),
          });
          out.result({ ...shown(made.key), key: made.text }, [
            made.text,
            '',
            'This is the only time the key is shown. Keep it where secrets are kept.',
          ]);
        }),
    );
  key
    .command('list')
    .description('all keys, without their secrets')
    .action(() =>
      shell.run(async (ctx, out) => {
        const keys = await keysInOrder(ctx.db);
        const now = ctx.clock.now();
        out.result(
          { data: keys.map(shown) },
          table([
            ['id', 'prefix', 'name', 'scopes', 'state', 'last used'],
            ...keys.map((one) => [
              publicId('key', one.id),
              one.prefix,
              one.name,
              one.scopes.join(' '),
              stateOf(one, now),
              one.lastUsedAt?.toISOString() ?? 'never',
            ]),
          ]),
        );
      }),
    );
  key
    .command('revoke <id>')
    .description('end a key at once, by its id or prefix')
    .action((id: string) =>
      shell.run(async (ctx, out) => {
        const revoked = await revokeKey(ctx, id);
        out.result(shown(revoked), `${revoked.prefix} is revoked.`);
      }),
    );
  return [key];
}

function readExpiry(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const expiresAt = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(expiresAt.getTime())) {
    throw new Refusal(422, 'invalid', `${text} is no date like 2027-01-01.`, 'expires');
  }
  return expiresAt;
}

function stateOf(key: ApiKey, now: Date): string {
  if (key.revokedAt) return 'revoked';
  return key.expiresAt && key.expiresAt <= now ? 'ended' : 'stands';
}

function shown(key: ApiKey) {
  return {
    id: publicId('key', key.id),
    name: key.name,
    prefix: key.prefix,
    mode: key.mode,
    scopes: key.scopes,
    newsletters: key.newsletterIds?.map((id) => publicId('newsletter', id)) ?? null,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}
