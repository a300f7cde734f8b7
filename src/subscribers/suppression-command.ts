import { Command, Option } from 'commander';
import { Refusal } from '../lib/errors.ts';
import { publicId, rowId } from '../lib/ids.ts';
import { needNewsletter } from '../newsletters/find.ts';
import { type Shell, table } from '../shell.ts';
import { suppressionOutside } from './schemas.ts';
import { listSuppressions, releaseSuppression, suppressAddress } from './suppressions.ts';

/** `dateline suppression list|add|release`. */
export function suppressionCommand(shell: Shell): Command {
  const suppression = new Command('suppression').description('addresses never to be written to');
  suppression
    .command('list')
    .description('suppressions that stand, oldest first')
    .option('--email <address>', 'only those of this address')
    .option('--after <id>', 'go on after this one')
    .option('--limit <n>', 'how many, at most 200', Number, 50)
    .action((options: { email?: string; after?: string; limit: number }) =>
      shell.run(async (ctx, out) => {
        const found = await listSuppressions(ctx.db, ctx.keyring, {
          after: options.after === undefined ? 0 : readId(options.after),
          limit: Math.min(options.limit, 200),
          email: options.email,
        });
        const data = found.map(suppressionOutside);
        out.result(
          { data },
          table([
            ['id', 'reason', 'newsletter', 'subscriber', 'source', 'since', 'evidence'],
            ...data.map((one) => [
              one.id,
              one.reason,
              one.newsletter ?? 'all',
              one.subscriber ?? '',
              one.source,
              one.at.slice(0, 10),
              one.evidence ?? '',
            ]),
          ]),
        );
      }),
    );
  suppression
    .command('add <email>')
    .description('never write to an address again; with --newsletter only not that one')
    .addOption(new Option('--reason <reason>').choices(['manual', 'never', 'complaint']).default('manual'))
    .option('--note <text>', 'why, without the address')
    .action((email: string, options: { reason: 'manual' | 'never' | 'complaint'; note?: string }) =>
      shell.run(async (ctx, out) => {
        const slug = shell.newsletter();
        const newsletterId = slug === undefined ? undefined : (await needNewsletter(ctx.db, slug)).id;
        const outcome = await suppressAddress(ctx, { email, newsletterId, ...options, actor: 'cli' });
        const id = publicId('suppression', outcome.id);
        out.result(
          { id, made: outcome.made },
          outcome.made ? `Suppressed: ${id}` : `It stood already: ${id}`,
        );
      }),
    );
  suppression
    .command('release <id>')
    .description('lift a suppression, for a reason that is kept')
    .requiredOption('--reason <text>', 'why')
    .action((id: string, options: { reason: string }) =>
      shell.run(async (ctx, out) => {
        await releaseSuppression(ctx, { suppressionId: readId(id), reason: options.reason, actor: 'cli' });
        out.result({ id, released: true }, `${id} is lifted.`);
      }),
    );
  return suppression;
}

function readId(text: string): number {
  const id = rowId('suppression', text);
  if (id === undefined) throw new Refusal(422, 'invalid', `${text} is no id like sup_3.`, 'id');
  return id;
}
