import { type ServerType, serve } from '@hono/node-server';
import { openWeb } from '../../src/web.tsx';
import { type TestContext, testContext } from './context.ts';
import { freePort } from './free-port.ts';

export interface Web {
  ctx: TestContext;
  /** Where the pages are; also the context's BASE_URL. */
  url: string;
  close(): Promise<void>;
}

/** The program's pages and endpoints over real HTTP, without workers: what a job would do, the test does. */
export async function openTestWeb(options: Parameters<typeof testContext>[0] = {}): Promise<Web> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const ctx = await testContext({
    ...options,
    env: { BASE_URL: url, TRUSTED_PROXIES: '127.0.0.0/8,::1/128', ...options.env },
  });
  const server = await listen(ctx, port);
  return {
    ctx,
    url,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await ctx.close();
    },
  };
}

/** A second door on the same machine, for a context that differs in one part. */
export async function openDoor(
  ctx: Parameters<typeof openWeb>[0],
): Promise<{ url: string; close(): Promise<void> }> {
  const port = await freePort();
  const server = await listen(ctx, port);
  return {
    url: `http://localhost:${port}`,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(ctx: Parameters<typeof openWeb>[0], port: number): Promise<ServerType> {
  return new Promise((resolve) => {
    const server = serve({ fetch: openWeb(ctx).fetch, port, hostname: '127.0.0.1' }, () => resolve(server));
  });
}

let nextHost = 0;

/** A network of one's own, as a trusted proxy names it, so that no test fills another's limit. */
export function fromElsewhere(): Record<string, string> {
  nextHost += 1;
  return { 'X-Forwarded-For': `198.${18 + (nextHost >> 16)}.${(nextHost >> 8) & 255}.${nextHost & 255}` };
}

/** Posts a form as a browser would, from a network of its own, and follows nothing. */
export function postFields(
  url: string,
  fields: Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { ...fromElsewhere(), ...headers },
    redirect: 'manual',
  });
}
