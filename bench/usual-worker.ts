import { sql } from 'kysely';
import { Liquid, type Template } from 'liquidjs';
import { createTransport } from 'nodemailer';
import { maskAddress } from '../src/lib/mask.ts';
import { openKeyring, signToken } from '../src/lib/signed-token.ts';
import { openDatabase } from '../src/platform/db/database.ts';
import { type UsualJob, workUsualQueue } from './usual-queue.ts';

/** One process of the usual pipeline, for `usual.ts`, which says in its first argument where everything is. */

interface Given {
  databaseUrl: string;
  redisUrl: string;
  smtp: { host: string; port: number };
  baseUrl: string;
  secret: string;
  /** And jobs at once. */
  connections: number;
}

interface Edition {
  subject: string;
  html: Template[];
  text: Template[];
  newsletterId: number;
}

const given = JSON.parse(process.argv[2] ?? '') as Given;
const { db, close } = openDatabase(given.databaseUrl, { max: given.connections });
const keyring = openKeyring([given.secret]);
const liquid = new Liquid({ outputEscape: 'escape' });
const transport = createTransport({
  ...given.smtp,
  pool: true,
  ignoreTLS: true,
  maxConnections: given.connections,
  maxMessages: Number.POSITIVE_INFINITY,
});
const editions = new Map<number, Promise<Edition>>();

const work = await workUsualQueue(given.redisUrl, given.connections, send);
console.log('ready');
process.once('SIGTERM', async () => {
  await work.close();
  transport.close();
  await close();
});

async function send({ editionId, subscriberId }: UsualJob): Promise<void> {
  const known = editions.get(editionId) ?? readEdition(editionId);
  editions.set(editionId, known);
  const edition = await known;
  const { rows } = await sql<{ email: string; confirmed_at: Date }>`
    select s.email, sc.confirmed_at from subscribers s join subscriptions sc on sc.subscriber_id = s.id
    where s.id = ${subscriberId} and sc.newsletter_id = ${edition.newsletterId} and sc.state = 'active'`.execute(
    db,
  );
  const [reader] = rows;
  if (!reader) return;
  const unsubscribe = `${given.baseUrl}/u/${signToken(keyring, 'unsubscribe', [subscriberId, edition.newsletterId])}`;
  const values = {
    masked_address: maskAddress(reader.email),
    signed_up_on: reader.confirmed_at.toISOString().slice(0, 10),
    unsubscribe_url: unsubscribe,
    manage_url: `${given.baseUrl}/m/${signToken(keyring, 'everyday', [subscriberId])}`,
    unsubscribe_mail: '',
  };
  const { messageId } = await transport.sendMail({
    from: 'Inside Washington <inside-washington@example.org>',
    replyTo: 'desk@example.org',
    to: reader.email,
    subject: edition.subject,
    html: await liquid.render(edition.html, values),
    text: await liquid.render(edition.text, values),
    headers: {
      'List-Unsubscribe': `<${unsubscribe}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'List-Id': 'Inside Washington <inside-washington.example.org>',
    },
  });
  await sql`
    update bench_usual set state = 'sent', message_id = ${messageId}, sent_at = now()
    where edition_id = ${editionId} and subscriber_id = ${subscriberId}`.execute(db);
}

/** The composed edition as a template: where the engine splices, Liquid fills in. */
async function readEdition(editionId: number): Promise<Edition> {
  const { subject, html, text, newsletter_id } = await db
    .selectFrom('edition_variants as v')
    .innerJoin('editions as e', 'e.id', 'v.edition_id')
    .select(['v.subject', 'v.html', 'v.text', 'e.newsletter_id'])
    .where('v.edition_id', '=', editionId)
    .executeTakeFirstOrThrow();
  const template = (part: string) => liquid.parse(part.replace(/\[\[(\w+)\]\]/g, '{{ $1 }}'));
  return { subject: subject ?? '', html: template(html), text: template(text), newsletterId: newsletter_id };
}
