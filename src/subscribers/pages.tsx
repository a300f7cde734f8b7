import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { accountPages } from './account-pages.tsx';
import { confirmPages } from './confirm-pages.tsx';
import { managePages } from './manage-pages.tsx';
import { sentPages } from './sent-pages.tsx';
import { signUpPages } from './sign-up-pages.tsx';
import { unsubscribePages } from './unsubscribe-pages.tsx';

/** What readers see of their subscription, in the order of their story: ask, look in the inbox, confirm, change, leave. */
export function subscriberPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.route('/', signUpPages(ctx));
  app.route('/', sentPages(ctx));
  app.route('/', confirmPages(ctx));
  app.use('/m/*', tokenPage);
  app.route('/', accountPages(ctx));
  app.route('/', managePages(ctx));
  app.route('/', unsubscribePages(ctx));
  return app;
}
