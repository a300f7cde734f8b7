import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { findNewsletter, findPublisher } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { say, sayParts } from '../platform/i18n/messages.ts';
import { askAgain } from './ask-again.ts';
import { expectedLetter } from './expected-letter.ts';
import { formFields } from './form-fields.ts';
import { mailboxAt } from './mailbox-links.ts';
import { namedLanguage, type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';
import { setPolicy } from './page-policy.ts';
import { pathIn, placeOf } from './place.ts';
import { openSent, type Sent } from './sent-token.ts';
import { listPage } from './sign-up-list-page.tsx';

/** "Check your inbox": the same page for every address, and the way to ask again. */
export function sentPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  for (const base of ['/s/:slug', '/embed/:slug']) {
    app.get(`${base}/sent`, tokenPage, async (c) => {
      const slug = c.req.param('slug');
      const newsletter = slug === undefined ? undefined : await findNewsletter(ctx.db, slug);
      if (!newsletter || newsletter.slug !== slug) return listPage(ctx, c, { status: 404 });
      const t = c.req.query('t');
      const sent = openSent(ctx.keyring, t, ctx.clock.now());
      const own = sent?.newsletterId === newsletter.id ? sent : undefined;
      return sentPage(ctx, c, newsletter, own && { ...own, t: t ?? '' });
    });
    app.post(`${base}/again`, tokenPage, async (c) => {
      const fields = await formFields(c);
      const t = fields.text('t') ?? '';
      const to = (query: Record<string, string>) =>
        c.redirect(
          pathIn(placeOf(c), c.req.param('slug') ?? '', '/sent', { ...query, ...namedLanguage(c) }),
          303,
        );
      const sent = openSent(ctx.keyring, t, ctx.clock.now());
      if (!sent) return to({});
      const asked = await askAgain(ctx, { sent }, c.get('clientAddress'));
      // Silent about limits: whether a letter leaves depends on the address.
      return to({ t, ...(asked.kind === 'unavailable' ? { failed: '1' } : { again: '1' }) });
    });
  }
  return app;
}

async function sentPage(
  ctx: Context,
  c: PageRequest,
  newsletter: Newsletter,
  sent: (Sent & { t: string }) | undefined,
) {
  // Of several the letter comes from their publisher.
  const voice = (sent?.several ? speakerOf(await findPublisher(ctx.db)) : undefined) ?? newsletter;
  const lang = pageLanguage(c, { form: sent?.lang, available: voice.languages });
  const title = say(lang, 'signup.sent.title');
  const place = placeOf(c);
  const letter = await expectedLetter(ctx.db, sent?.several ? [] : [newsletter], lang);
  const mailbox = sent && mailboxAt(sent.mailbox, { address: sent.email, from: letter.fromEmail });
  const back = sent?.several
    ? `/s?lang=${lang}&pick=${newsletter.slug}`
    : pathIn(place, newsletter.slug, '', { lang });
  setPolicy(c, { newsletter });
  return c.html(
    <Page {...pageFrame(c, lang, voice)} title={title} noindex>
      {c.req.query('again') && <p class="status good">{say(lang, 'signup.sent.again')}</p>}
      {c.req.query('failed') && <p class="status caution">{say(lang, 'signup.error.saved')}</p>}
      <h1>{title}</h1>
      <p class="reading">
        {sent
          ? sayParts(lang, 'signup.sent.body', {
              address: () => (
                <strong dir="ltr" class="address">
                  {sent.email}
                </strong>
              ),
            })
          : say(lang, 'signup.sent.body_plain')}
      </p>
      <p>
        {say(lang, 'signup.sent.from', {
          sender: letter.from,
          subject: letter.subject,
        })}
      </p>
      {mailbox && (
        <p>
          <a class="button" href={mailbox.url} rel="noreferrer" target={place.framed ? '_blank' : undefined}>
            {say(lang, 'signup.sent.open', { provider: mailbox.provider })}
          </a>
        </p>
      )}
      <hr class="hairline" />
      <p>{say(lang, 'signup.sent.help')}</p>
      <div class="actions">
        {sent && (
          <form method="post" action={pathIn(place, newsletter.slug, '/again', namedLanguage(c))}>
            <input type="hidden" name="t" value={sent.t} />
            <button type="submit" class="quiet">
              {say(lang, 'signup.sent.again_button')}
            </button>
          </form>
        )}
        <a class="button quiet" href={back}>
          {say(lang, 'signup.sent.change')}
        </a>
      </div>
    </Page>,
  );
}
