import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { countedOpinions } from '../editions/count-opinion.ts';
import { slotName } from '../editions/edition.ts';
import { findEditionById } from '../editions/find.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { dirOf } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { namedSend } from './find-send.ts';
import { isThrough, progress } from './progress.ts';
import { SendPage, type SendPageProps } from './send-page.tsx';

const reloadEverySeconds = 5;

/**
 * `/desk/sends/:id`: a send to look at, in English as everything that operators read. It shows counts and answers whose
 * addresses are masked, and acts on nothing. While the send is under way the page reloads itself, by header, so that it needs
 * no script; `?still=1` stops that.
 */
export function deskPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.get('/desk/sends/:id', async (c) => {
    const { editionId } = await namedSend(ctx.db, c.req.param('id'));
    const seen = await progress(ctx, editionId);
    const on = c.req.query('still') === undefined;
    const reload = isThrough(seen) ? undefined : { everySeconds: reloadEverySeconds, on };
    if (reload?.on) c.header('Refresh', String(reloadEverySeconds));
    c.header('Cache-Control', 'no-store');
    return c.html(
      <SendPage
        frame={frame}
        {...(await aboutEdition(ctx, editionId))}
        seen={seen}
        now={ctx.clock.now()}
        path={c.req.path}
        reload={reload}
      />,
    );
  });
  return app;
}

const frame = {
  lang: 'en',
  dir: dirOf('en'),
  words: { skip: say('en', 'page.skip'), languages: say('en', 'page.languages') },
};

async function aboutEdition(
  ctx: Context,
  editionId: number,
): Promise<Pick<SendPageProps, 'title' | 'opinions'>> {
  const edition = await findEditionById(ctx.db, editionId);
  if (!edition) throw new Error(`the send of edition ${editionId} has no edition`);
  const { name, opinions: asks } = await getNewsletter(ctx.db, edition.newsletterId);
  const opinions = asks ? await countedOpinions(ctx.db, editionId) : undefined;
  return { title: `${name}, ${slotName(edition)}`, opinions };
}
