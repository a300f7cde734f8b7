import { createServer } from 'node:http';
import { hostname, setPriority } from 'node:os';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { articles } from '../workers/articles.ts';
import { deliveries } from '../workers/deliveries.ts';
import { editions } from '../workers/editions.ts';
import { letters } from '../workers/letters.ts';
import { keepSchedule } from '../workers/schedule.ts';
import { upkeep } from '../workers/upkeep.ts';
import type { Config } from './config.ts';
import { type OpenContext, openContext } from './context.ts';
import { drainDeliveries } from './deliveries/drain.ts';
import { streamsOf } from './deliveries/send-events.ts';
import { countFromZero } from './insight/count-from-zero.ts';
import { metricsOnly } from './insight/metrics-page.ts';
import { maskAddresses } from './lib/mask.ts';
import { drainableServer } from './platform/http/drain-server.ts';
import type { GuardEnv } from './platform/http/guard.ts';
import type { Log } from './platform/log.ts';
import { beat, heartbeatEveryMs, registerWorker, stopWorker } from './platform/queue/workers.ts';
import { settleMemory } from './platform/settle-memory.ts';
import { carryOutSpooled } from './subscribers/carry-out-spooled.ts';
import { answersRung } from './subscribers/ring-answer.ts';

export type Role = 'web' | 'worker';

export interface Running {
  ctx: OpenContext;
  /** Where the web role listens, when it runs here. */
  url: string | undefined;
  /**
   * Drains and closes in reverse order: no new work, what is in hand is finished, after 15 s what is left is cut
   * (its outcome is written down), and all is closed within 20 s. Safe to call twice.
   */
  stop(): Promise<void>;
}

/** After this what is still on the wire, mail or page, is cut, so that the process ends within 20 s. */
const drainMsMax = 15_000;
const spoolEveryMs = 30_000;

/** Starts the roles in one process. Throws, with everything closed again, when one of them cannot start. */
export async function start(config: Config, log: Log, roles: readonly Role[]): Promise<Running> {
  const ctx = await openContext(config, log);
  countFromZero(ctx);
  const stops: (() => Promise<void> | undefined | void)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      for (const each of stops.splice(0).reverse()) await each();
      await ctx.close();
    })();
    return stopping;
  };
  try {
    // Requests in hand end while deliveries do: begun first, waited for last.
    let answered: Promise<void> | undefined;
    stops.push(async () => {
      await answered;
      await answersRung(ctx);
    });
    // A page that a person waits for goes before a mail that nobody waits for.
    if (!roles.includes('web')) setPriority(config.workerNice);
    if (roles.includes('worker')) await startWorker(ctx, roles, stops);
    const web = roles.includes('web') ? await startWeb(ctx) : undefined;
    if (web) stops.push(keepSpoolEmpty(ctx));
    const { metricsPort } = config;
    if (!web && metricsPort !== undefined) {
      const page = await listen(metricsOnly(ctx), config.host, { port: metricsPort, named: 'METRICS_PORT' });
      log.info({ deed: 'start', url: page.url }, 'showing metrics');
      stops.push(page.close);
    }
    stops.push(() => {
      streamsOf(ctx).endAll();
      answered = web?.close();
    });
    const url = web?.url;
    log.info({ deed: 'start', roles, url, pid: process.pid, workerId: ctx.workerId }, 'started');
    return { ctx, url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startWorker(
  ctx: OpenContext,
  roles: readonly Role[],
  stops: (() => Promise<void> | void)[],
): Promise<void> {
  const workerId = await registerWorker(
    ctx.db,
    { host: hostname(), pid: process.pid, roles },
    ctx.clock.now(),
  );
  ctx.workerId = workerId;
  const timer = setInterval(() => {
    void beat(ctx.db, workerId, ctx.clock.now()).catch((error: Error) => {
      ctx.log.warn({ deed: 'beat', workerId, reason: error.message }, 'a heartbeat was missed');
    });
  }, heartbeatEveryMs);
  stops.push(async () => {
    clearInterval(timer);
    await stopWorker(ctx.db, workerId, ctx.clock.now()).catch(() => undefined);
  });
  const workloads = [letters, articles, editions, deliveries, upkeep].map((open) => open(ctx));
  stops.push(async () => {
    drainDeliveries(ctx);
    const cut = setTimeout(() => {
      ctx.log.warn({ deed: 'drain' }, 'cutting what is left on the wire');
      ctx.mail.editions.cut();
      ctx.mail.letters.cut();
    }, drainMsMax);
    await Promise.all(workloads.map((workload) => workload.close()));
    clearTimeout(cut);
  });
  stops.push(keepSchedule(ctx), settleMemory());
}

/** What this role spools while the database is away lies on its own disk, where perhaps no worker looks. */
function keepSpoolEmpty(ctx: OpenContext): () => void {
  const timer = setInterval(() => {
    void carryOutSpooled(ctx).catch((error: Error) => {
      const reason = maskAddresses(error.message);
      ctx.log.warn({ deed: 'carry-out-spooled', reason }, 'spooled unsubscriptions wait');
    });
  }, spoolEveryMs);
  return () => clearInterval(timer);
}

async function startWeb(ctx: OpenContext): Promise<Listening> {
  const { host, port } = ctx.config;
  // A process that only works draws no pages, and does without what draws them.
  const { openWeb } = await import('./web.tsx');
  return listen(openWeb(ctx), host, { port, named: 'PORT' });
}

interface Listening {
  url: string;
  close(): Promise<void>;
}

/** @throws Error in a sentence that names the setting when the port is taken. */
async function listen(
  app: Hono<GuardEnv>,
  host: string,
  { port, named }: { port: number; named: string },
): Promise<Listening> {
  const server = createServer(getRequestListener(app.fetch, { hostname: host }));
  const close = drainableServer(server, { requestMsMax: drainMsMax });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new Error(`Port ${port} is taken: stop what uses it, or set ${named}.`, { cause: error })
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const listening = typeof address === 'object' && address ? address.port : port;
  return { url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${listening}`, close };
}
