import { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Context } from '../context.ts';
import { openToken } from '../lib/signed-token.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { say } from '../platform/i18n/messages.ts';
import { accountPage } from './account-page.tsx';
import { accountOf, closeAccount, isOpenAccountLink, openAccount } from './account-session.ts';
import { askEmailChange } from './ask-email-change.ts';
import { askPage } from './ask-page.tsx';
import { changeEmail, emailChangeState } from './change-email.ts';
import { askForData, findCopy } from './data-copies.ts';
import { erase } from './erase.ts';
import { type FormFields, formFields } from './form-fields.ts';
import { messagePage } from './message-page.tsx';
import { languageQuery, type PageRequest } from './page-frame.tsx';
import { canStop, openStopToken, stopEmailChange } from './stop-email-change.ts';

/**
 * The reader's account: what only a fresh link to the address on file opens, for half an hour. Every link leads to a page with
 * one button; the button acts. The session is a cookie that no script reads and no other site sends, and ends with the browser.
 */
export function accountPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.get('/m/:token/account', async (c) =>
    (await isOpenAccountLink(ctx, c.req.param('token')))
      ? askPage(ctx, c, {
          title: 'account.open.title',
          detail: 'account.open.detail',
          button: 'account.open.button',
        })
      : messagePage(ctx, c, { title: 'account.ended.title', detail: 'account.ended.detail', status: 410 }),
  );
  app.post('/m/:token/account', async (c) => {
    const opened = await openAccount(ctx, c.req.param('token'));
    if (!opened)
      return messagePage(ctx, c, {
        title: 'account.ended.title',
        detail: 'account.ended.detail',
        status: 410,
      });
    const { name, secure } = cookieOf(ctx);
    setCookie(c, name, opened.session, { path: '/', httpOnly: true, sameSite: 'Strict', secure });
    return c.redirect(`${accountPath(c)}#${opened.act}`, 303);
  });
  app.get('/m/account', async (c) => {
    const subscriberId = await accountOf(ctx, getCookie(c, cookieOf(ctx).name));
    return subscriberId === undefined ? endedPage(ctx, c) : accountPage(ctx, c, subscriberId);
  });
  app.post('/m/account', async (c) => {
    const { name, secure } = cookieOf(ctx);
    const session = getCookie(c, name);
    const subscriberId = await accountOf(ctx, session);
    if (session === undefined || subscriberId === undefined) return endedPage(ctx, c);
    const fields = await formFields(c);
    const answer = await act(ctx, c, subscriberId, fields);
    if (answer !== 'closed') return answer;
    await closeAccount(ctx, session);
    deleteCookie(c, name, { path: '/', secure });
    return fields.text('act') === 'erase'
      ? messagePage(ctx, c, { title: 'account.erased.title', detail: 'account.erased.detail' })
      : c.redirect(`/m${languageQuery(c)}`, 303);
  });
  app.get('/m/:token/change', (c) => changePage(ctx, c, c.req.param('token'), false));
  app.post('/m/:token/change', (c) => changePage(ctx, c, c.req.param('token'), true));
  app.get('/m/:token/stop', (c) => stopPage(ctx, c, c.req.param('token'), false));
  app.post('/m/:token/stop', (c) => stopPage(ctx, c, c.req.param('token'), true));
  app.get('/m/:token/data', (c) => dataFile(ctx, c, c.req.param('token')));
  return app;
}

/** `__Host-` binds the cookie to this very host and to https; a browser refuses that name on plain http. */
function cookieOf(ctx: Context): { name: string; secure: boolean } {
  const secure = ctx.config.baseUrl.startsWith('https://');
  return { name: secure ? '__Host-dateline-account' : 'dateline-account', secure };
}

/** The open account, in the language in which the button was pressed. */
function accountPath(c: PageRequest, outcome: Record<string, string> = {}): string {
  return `/m/account${languageQuery(c, outcome)}`;
}

function endedPage(ctx: Context, c: PageRequest): Promise<Response> {
  return messagePage(ctx, c, { title: 'account.ended.title', detail: 'account.ended.detail', status: 410 });
}

async function act(
  ctx: Context,
  c: PageRequest,
  subscriberId: number,
  fields: FormFields,
): Promise<Response | 'closed'> {
  switch (fields.text('act')) {
    case 'email': {
      const email = fields.text('email') ?? '';
      const asked = await askEmailChange(ctx, { subscriberId, email });
      if (asked.kind === 'asked') return c.redirect(accountPath(c, { asked: 'email' }), 303);
      const error = (lang: string) =>
        say(lang, asked.kind === 'same' ? 'account.email.same' : 'signup.error.email');
      return accountPage(ctx, c, subscriberId, { email, error });
    }
    case 'data':
      await askForData(ctx, subscriberId);
      return c.redirect(accountPath(c, { asked: 'data' }), 303);
    case 'erase':
      await erase(ctx, { subscriberId, actor: 'reader', forgetRefusal: fields.has('forget') });
      return 'closed';
    case 'close':
      return 'closed';
    default:
      return c.redirect(accountPath(c), 303);
  }
}

async function changePage(ctx: Context, c: PageRequest, token: string, press: boolean): Promise<Response> {
  const opened = openToken(ctx.keyring, 'change_email', token, ctx.clock.now());
  const [changeId] = opened.kind === 'valid' ? opened.numbers : [];
  if (changeId === undefined) {
    return messagePage(ctx, c, { title: 'change.gone.title', detail: 'change.gone.detail', status: 410 });
  }
  const state = press ? (await changeEmail(ctx, changeId)).kind : await emailChangeState(ctx, changeId);
  switch (state) {
    case 'open':
      return askPage(ctx, c, { title: 'change.title', detail: 'change.detail', button: 'change.button' });
    case 'joins':
      return askPage(ctx, c, { title: 'change.title', detail: 'change.joins', button: 'change.button' });
    case 'done':
      return messagePage(ctx, c, { title: 'change.done.title', detail: 'change.done.detail' });
    case 'gone':
      return messagePage(ctx, c, { title: 'change.gone.title', detail: 'change.gone.detail', status: 410 });
  }
}

async function stopPage(ctx: Context, c: PageRequest, token: string, press: boolean): Promise<Response> {
  const stop = openStopToken(ctx, token);
  if (stop && press && (await stopEmailChange(ctx, stop))) {
    return messagePage(ctx, c, { title: 'stop.done.title', detail: 'stop.done.detail' });
  }
  if (!stop || press || !(await canStop(ctx, stop))) {
    return messagePage(ctx, c, { title: 'stop.gone.title', detail: 'stop.gone.detail', status: 410 });
  }
  return askPage(ctx, c, { title: 'stop.title', detail: 'stop.detail', button: 'stop.button' });
}

async function dataFile(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const opened = openToken(ctx.keyring, 'data', token, ctx.clock.now());
  const [copyId] = opened.kind === 'valid' ? opened.numbers : [];
  const zip = copyId === undefined ? undefined : await findCopy(ctx, copyId);
  if (!zip) return endedPage(ctx, c);
  return c.body(new Uint8Array(zip), 200, {
    'Content-Type': 'application/zip',
    'Content-Disposition': 'attachment; filename="my-data.zip"',
  });
}
