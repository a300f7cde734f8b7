import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { answerFaults } from '../platform/http/answer.ts';
import { type GuardEnv, guard } from '../platform/http/guard.ts';
import { houseOnly } from '../platform/http/house-only.ts';
import { ledgerSamples } from './ledger-metrics.ts';

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * `GET /metrics` of this process, for Prometheus: to who has `METRICS_TOKEN` (as a bearer), or, while none is set, to the house.
 * `ledger`: with what the ledger and the queue say of all processes.
 */
export function metricsPage(ctx: Context, { ledger }: { ledger: boolean }): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  const { metricsToken } = ctx.config;
  app.use('/metrics', metricsToken === undefined ? houseOnly(ctx.config) : bearerOnly(metricsToken));
  app.get('/metrics', async (c) => {
    const text = ctx.metrics.text(ledger ? await ledgerSamples(ctx) : []);
    return c.text(text, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' });
  });
  return app;
}

/** The page alone, for a process that has no other: a worker with `METRICS_PORT`. */
export function metricsOnly(ctx: Context): Hono<GuardEnv> {
  const { log, config } = ctx;
  const app = new Hono<GuardEnv>();
  app.use(guard({ log, trustedProxies: config.trustedProxies, https: false }));
  answerFaults(app, { log, drawFault: (_c, fault) => fault.detail as never });
  app.route('/', metricsPage(ctx, { ledger: false }));
  return app;
}

function bearerOnly(token: string): MiddlewareHandler<GuardEnv> {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return async (c, next) => {
    const given = /^Bearer +(\S+)$/i.exec(c.req.header('Authorization') ?? '')?.[1] ?? '';
    if (!timingSafeEqual(digest(given), digest(token))) {
      throw new Refusal(401, 'unauthenticated', 'Send METRICS_TOKEN: Authorization: Bearer …');
    }
    await next();
  };
}
