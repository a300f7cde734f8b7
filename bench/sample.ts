import type { ComposedMessage } from '../src/platform/mail/message.ts';
import { openSplicer } from '../src/platform/mail/open-splicer.ts';
import type { Ground } from './ground.ts';

/** One reader's finished mail of an edition, for generators that send the same to everyone. */
export async function sampleMail({ ctx }: Ground, editionId: number): Promise<string> {
  const { mime } = await ctx.db
    .selectFrom('edition_variants')
    .select('mime')
    .where('edition_id', '=', editionId)
    .executeTakeFirstOrThrow();
  const link = `${ctx.config.baseUrl}/u/abcdefgh-1.1234567890abcdefghijkl`;
  return openSplicer(mime as ComposedMessage)({
    to: 'reader1@mail-1.example',
    messageId: '<e1.0123456789abcdefghijklmnop@example.org>',
    date: ctx.clock.now(),
    values: {
      masked_address: 'r…1@mail-1.example',
      signed_up_on: '1 November 2026',
      unsubscribe_url: link,
      manage_url: link,
      unsubscribe_mail: '',
    },
  });
}
