import { timingSafeEqual } from 'node:crypto';
import type { Context as Request } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { archiveUrl } from '../newsletters/archive-url.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { say } from '../platform/i18n/messages.ts';
import { type Archive, archiveFrame, pathOf } from './archive-frame.tsx';
import type { Edition } from './edition.ts';
import { findEditionBySlot, readSlotName } from './find.ts';

// What a request for a page of the archive names: whose archive, in which language, which edition.

export type Req = Request<GuardEnv>;

const slug = ':slug{[a-z][a-z0-9-]{1,58}[a-z0-9]}';
const date = ':date{\\d{4}-\\d{2}-\\d{2}(?:-[2-9])?}';
const key = ':key{[0-9a-f]{32}}';

/** Where archives are: a language other than the newsletter's own stands before its slug. */
export const homes: readonly string[] = [`/:lang{[a-z]{2,3}}/${slug}`, `/${slug}`];

/** Where editions are, with the key that opens those that are not for everybody. */
export const editionPaths: readonly [string, Edition['kind']][] = homes.flatMap(
  (home): [string, Edition['kind']][] => [
    [`${home}/${date}`, 'regular'],
    [`${home}/weekly/${date}`, 'weekly'],
    [`${home}/${date}/${key}`, 'regular'],
    [`${home}/weekly/${date}/${key}`, 'weekly'],
  ],
);

const privateMs = 60 * 24 * 3_600_000;

/**
 * The edition that a request names, on the web or taken off it.
 *
 * @throws Refusal 404 when there is none, its sending has not started, or a key is needed and it is not the one; 410 when the
 * key has ended.
 */
export async function editionOf(
  ctx: Context,
  c: Req,
  { newsletter }: Archive,
  kind: Edition['kind'],
): Promise<Edition> {
  const slot = readSlotName(c.req.param('date') ?? '');
  const edition = slot && (await findEditionBySlot(ctx.db, { newsletterId: newsletter.id, kind, ...slot }));
  if (!edition || edition.archiveState === 'hidden') throw notFound();
  const now = ctx.clock.now();
  if (needsKey(newsletter, edition, now)) refuseStrangers(edition, c.req.param('key'), now);
  return edition;
}

/** Whether only its key opens it: a private newsletter's always, any other's until it appears for everybody. */
export function needsKey(newsletter: Newsletter, edition: Edition, now: Date): boolean {
  if (newsletter.visibility === 'private') return true;
  // Without a delay it is there at once, also by a clock that is a moment behind the one that started the sending.
  return edition.archiveDelayMinutes > 0 && (edition.appearsAt ?? edition.slotAt) > now;
}

/** A private edition is for who has its mail, for sixty days. @throws Refusal 404 without its key, 410 after its time. */
function refuseStrangers(edition: Edition, key: string | undefined, now: Date): void {
  const given = Buffer.from(key ?? '');
  const own = Buffer.from(edition.webKey);
  if (given.length !== own.length || !timingSafeEqual(given, own)) throw notFound();
  const publishedAt = edition.publishedAt ?? edition.slotAt;
  if (now.getTime() - publishedAt.getTime() <= privateMs) return;
  throw new Refusal(410, 'link_ended', 'This link has ended.');
}

/** 410 tells search engines to forget it, and people where the others are. */
export async function gone(c: Req, archive: Archive): Promise<Response> {
  const { newsletter, lang, baseUrl } = archive;
  const title = say(lang, 'archive.gone.title');
  c.header('Cache-Control', 'no-store');
  return c.html(
    <Page {...archiveFrame(archive, [])} title={title} noindex folio={[newsletter.name]}>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'archive.gone.detail')}</p>
      {newsletter.visibility === 'public' && (
        <p>
          <a href={pathOf(archiveUrl(baseUrl, newsletter, lang))}>{say(lang, 'archive.all')}</a>
        </p>
      )}
    </Page>,
    410,
  );
}

/** Whose archive, in which language. @throws Refusal 404; a list or feed of a private newsletter is not there for anyone. */
export async function archiveOf(ctx: Context, c: Req, { listed = false } = {}): Promise<Archive> {
  const newsletter = await findNewsletter(ctx.db, c.req.param('slug') ?? '');
  const lang = c.req.param('lang') ?? newsletter?.languages[0];
  if (!newsletter || !lang || !newsletter.languages.includes(lang)) throw notFound();
  if (listed && newsletter.visibility === 'private') throw notFound();
  return {
    newsletter,
    lang,
    baseUrl: ctx.config.baseUrl,
    wordings: isOpen(newsletter) ? await currentWordings(ctx.db, newsletter, lang) : undefined,
  };
}

function isOpen(newsletter: Newsletter): boolean {
  return newsletter.state === 'open' && newsletter.visibility === 'public';
}

export async function draw(page: unknown): Promise<string> {
  return String(await page);
}

export function notFound(): Refusal {
  return new Refusal(404, 'no_such_edition', 'There is no such edition.');
}
