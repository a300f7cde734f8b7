import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { say, sayParts } from '../platform/i18n/messages.ts';
import { askAgain } from './ask-again.ts';
import { formFields } from './form-fields.ts';
import { mailboxOf } from './mailbox-links.ts';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';
import { openSent, type Sent } from './sent-token.ts';
import { listPage } from './sign-up-list-page.tsx';

/** "Check your inbox": the same page for every address, and the way to ask again. */
export function sentPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.get('/s/:slug/sent', tokenPage, async (c) => {
    const newsletter = await findNewsletter(ctx.db, c.req.param('slug'));
    if (!newsletter || newsletter.slug !== c.req.param('slug')) return listPage(ctx, c, 404);
    const t = c.req.query('t');
    const sent = openSent(ctx.keyring, t, ctx.clock.now());
    const own = sent?.newsletterId === newsletter.id ? sent : undefined;
    return sentPage(c, newsletter, own && { ...own, t: t ?? '' });
  });
  app.post('/s/:slug/again', tokenPage, async (c) => {
    const fields = await formFields(c);
    const slug = encodeURIComponent(c.req.param('slug'));
    const t = encodeURIComponent(fields.text('t') ?? '');
    const sent = openSent(ctx.keyring, fields.text('t'), ctx.clock.now());
    if (sent) {
      const asked = await askAgain(ctx, { sent }, c.get('clientAddress'));
      if (asked.kind === 'unavailable') return c.redirect(`/s/${slug}/sent?t=${t}&failed=1`, 303);
    }
    // Silent about limits: whether a letter leaves depends on the address.
    return c.redirect(sent ? `/s/${slug}/sent?t=${t}&again=1` : `/s/${slug}/sent`, 303);
  });
  return app;
}

function sentPage(c: PageRequest, newsletter: Newsletter, sent: (Sent & { t: string }) | undefined) {
  const lang = pageLanguage(c, { form: sent?.lang, available: newsletter.languages });
  const title = say(lang, 'signup.sent.title');
  const mailbox = sent && mailboxOf({ address: sent.email, from: newsletter.fromEmail });
  return c.html(
    <Page {...pageFrame(c, lang, newsletter)} title={title} noindex>
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
          sender: newsletter.fromName,
          subject: say(lang, 'letter.confirmation.subject', { newsletter: newsletter.name }),
        })}
      </p>
      {mailbox && (
        <p>
          <a class="button" href={mailbox.url} rel="noreferrer">
            {say(lang, 'signup.sent.open', { provider: mailbox.provider })}
          </a>
        </p>
      )}
      <hr class="hairline" />
      <p>{say(lang, 'signup.sent.help')}</p>
      <div class="actions">
        {sent && (
          <form method="post" action={`/s/${newsletter.slug}/again`}>
            <input type="hidden" name="t" value={sent.t} />
            <button type="submit" class="quiet">
              {say(lang, 'signup.sent.again_button')}
            </button>
          </form>
        )}
        <a class="button quiet" href={`/s/${newsletter.slug}?lang=${lang}`}>
          {say(lang, 'signup.sent.change')}
        </a>
      </div>
    </Page>,
  );
}
