import type { Env, Hono } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';

/**
 * The methods that a path takes, for the `Allow` of a 405 (RFC 9110 §15.5.6). What stands before all routes answers for no
 * path, so only routes of one method count. The table is made at the first question, when every route is there.
 *
 * @returns none for a path that there is not.
 */
export function methodsOf<E extends Env>(app: Hono<E>): (path: string) => string[] {
  let table: { router: TrieRouter<string>; methods: string[] } | undefined;
  return (path) => {
    table ??= tableOf(app);
    const { router, methods } = table;
    const taken = methods.filter((method) => router.match(method, path)[0].length > 0);
    return taken.includes('GET') ? ['HEAD', ...taken].sort() : taken;
  };
}

function tableOf<E extends Env>(app: Hono<E>): { router: TrieRouter<string>; methods: string[] } {
  const router = new TrieRouter<string>();
  const own = app.routes.filter(({ method }) => method !== 'ALL');
  for (const { method, path } of own) router.add(method, path, method);
  return { router, methods: [...new Set(own.map(({ method }) => method))].sort() };
}
