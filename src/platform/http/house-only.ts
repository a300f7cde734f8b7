import type { MiddlewareHandler } from 'hono';
import { Refusal } from '../../lib/errors.ts';
import { addressKind } from '../../lib/network-address.ts';
import type { GuardEnv } from './guard.ts';

/**
 * For what everyone of the house may see and nobody else: a stranger from the open internet finds nothing here. Behind a
 * proxy that nobody named in `TRUSTED_PROXIES` it is not known who asks, so nobody is let in.
 */
export function houseOnly({
  trustedProxies,
}: {
  trustedProxies: readonly string[];
}): MiddlewareHandler<GuardEnv> {
  return async (c, next) => {
    const unknownProxy = trustedProxies.length === 0 && c.req.header('X-Forwarded-For') !== undefined;
    if (unknownProxy || addressKind(c.get('clientAddress')) === 'public') {
      throw new Refusal(404, 'not_found', 'There is nothing at this address.');
    }
    await next();
  };
}

/** Whether a server that listens there can be reached from its own machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
