import type { Context } from '../context.ts';
import { openToken } from '../lib/signed-token.ts';
import { findPublisher } from '../newsletters/find.ts';
import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { messagePage } from './message-page.tsx';
import { type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';
import { unknownLinkPage } from './unknown-link-page.tsx';
import { withdraw } from './withdraw.ts';

/** "This wasn't me": GET shows one button, which verifies without the database. */
export async function withdrawPage(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const opened = openToken(ctx.keyring, 'withdraw', token, ctx.clock.now());
  if (opened.kind === 'bad') return unknownLinkPage(ctx, c);
  if (opened.kind === 'expired') return withdrawnPage(ctx, c);
  const publisher = await findPublisher(ctx.db);
  const lang = pageLanguage(c, { available: publisher?.languages ?? languages });
  const title = say(lang, 'withdraw.title');
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'withdraw.detail')}</p>
      <form method="post">
        <button type="submit">{say(lang, 'withdraw.button')}</button>
      </form>
    </Page>,
  );
}

export async function actWithdraw(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const opened = openToken(ctx.keyring, 'withdraw', token, ctx.clock.now());
  const [signUpId] = opened.kind === 'valid' ? opened.numbers : [];
  if (opened.kind === 'bad') return unknownLinkPage(ctx, c);
  const outcome = signUpId === undefined ? undefined : await withdraw(ctx, { signUpId });
  return outcome?.kind === 'confirmed'
    ? messagePage(ctx, c, { title: 'withdraw.confirmed_title', detail: 'withdraw.confirmed' })
    : withdrawnPage(ctx, c);
}

/** Also what an ended link says: by then the address is deleted, whoever did it. */
function withdrawnPage(ctx: Context, c: PageRequest): Promise<Response> {
  return messagePage(ctx, c, { title: 'withdraw.done.title', detail: 'withdraw.done.detail' });
}
