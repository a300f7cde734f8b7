import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Refusal } from '../../lib/errors.ts';
import type { Log } from '../log.ts';
import { clientAddress, trustProxies } from './client-address.ts';
import { redactPath } from './redact-path.ts';

/** What every route finds in its context. */
export interface GuardEnv {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** The client's address, never logged; `ipNet` of it may be kept with a consent. */
    clientAddress: string;
  };
}

export interface GuardOptions {
  log: Log;
  trustedProxies: readonly string[];
  /** The public address is https. */
  https: boolean;
}

/** Our own pages: no script at all, nothing from another host, never in a frame. */
export const pagePolicy =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/**
 * Stands before every route: gives the request an id, knows who asks, sets the security headers that the route did not set
 * itself, and writes one line to the log, without address, query or token.
 */
export function guard({ log, trustedProxies, https }: GuardOptions): MiddlewareHandler<GuardEnv> {
  const trust = trustProxies(trustedProxies);
  return async (c, next) => {
    const startedAt = performance.now();
    const requestId = randomUUID();
    c.set('requestId', requestId);
    c.set('clientAddress', clientAddress(peerOf(c), c.req.header('X-Forwarded-For'), trust));
    await next();
    setHeaders(c, requestId, https);
    const route = redactPath(c.req.path);
    const ms = Math.round((performance.now() - startedAt) * 10) / 10;
    const level = /^\/(assets|healthz|readyz|metrics)(\/|$)/.test(route) ? 'debug' : 'info';
    log[level](
      { deed: 'request', requestId, method: c.req.method, route, status: c.res.status, ms },
      `${c.req.method} ${route} ${c.res.status}`,
    );
  };
}

/** Headers of every page that a token opens: kept by no cache, told to no other site, found by no search engine. */
export const tokenPage: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set('Cache-Control', 'no-store');
  c.res.headers.set('Referrer-Policy', 'no-referrer');
  c.res.headers.set('X-Robots-Tag', 'noindex');
};

export const formBytesMax = 64 * 1024;
export const apiBytesMax = 1024 * 1024;

/**
 * Refuses bodies over the limit with 413 before a route reads them: 1 MB under `/v1`, 64 KB elsewhere, or what
 * `bytesMaxByPath` says for an exact path.
 */
export function limitBodies(bytesMaxByPath: Readonly<Record<string, number>> = {}): MiddlewareHandler {
  const limits = new Map<number, MiddlewareHandler>();
  return (c, next) => {
    // Nobody reads what a GET brings, and to look whether it brings anything costs a whole Request.
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const bytesMax =
      bytesMaxByPath[c.req.path] ?? (c.req.path.startsWith('/v1/') ? apiBytesMax : formBytesMax);
    // Node reads no more than was announced; to look at the body itself costs a whole Request.
    const announced = announcedBytes(c);
    if (announced !== undefined) return announced > bytesMax ? refuseBody(c, bytesMax) : next();
    const limit =
      limits.get(bytesMax) ?? bodyLimit({ maxSize: bytesMax, onError: (c) => refuseBody(c, bytesMax) });
    limits.set(bytesMax, limit);
    return limit(c, next);
  };
}

/** Undefined for a body in chunks, and for a request made inside the program, whose headers bind nobody. */
function announcedBytes(c: Context): number | undefined {
  const length = c.req.header('Content-Length');
  const bound = peerOf(c) !== undefined && c.req.header('Transfer-Encoding') === undefined;
  return bound && length !== undefined ? Number.parseInt(length, 10) : undefined;
}

/** What is left of the body is not read, so the connection cannot carry another request. */
function refuseBody(c: Context, bytesMax: number): never {
  c.header('Connection', 'close');
  throw new Refusal(413, 'body_too_large', `The body may have at most ${bytesMax} bytes.`);
}

/** Undefined where there is no socket: a request made inside the program. */
function peerOf(c: Context<GuardEnv>): string | undefined {
  const bindings: Partial<HttpBindings> | undefined = c.env;
  return bindings?.incoming?.socket.remoteAddress;
}

function setHeaders(c: Context, requestId: string, https: boolean): void {
  const own = c.res.headers;
  own.set('Dateline-Request-Id', requestId);
  own.set('X-Content-Type-Options', 'nosniff');
  if (!own.has('Content-Security-Policy')) own.set('Content-Security-Policy', pagePolicy);
  if (!own.has('Referrer-Policy')) own.set('Referrer-Policy', 'strict-origin-when-cross-origin');
  if (https) own.set('Strict-Transport-Security', 'max-age=31536000');
}
