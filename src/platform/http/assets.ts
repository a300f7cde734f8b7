import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { etagOf, hasAlready } from './cached.ts';

const contentTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Serves what a designer edits in `templates/pages` as `/assets/<name>`, read once, with a strong ETag (RFC 9110 §8.8.3). */
export function assets(directory = pagesDirectory()): Hono {
  const app = new Hono();
  for (const name of readdirSync(directory)) {
    const contentType = contentTypes[extname(name)];
    if (!contentType) continue;
    const body = readFileSync(join(directory, name));
    const etag = etagOf(body);
    app.get(`/assets/${name}`, (c) => {
      c.header('ETag', etag);
      c.header('Cache-Control', 'public, max-age=300, stale-while-revalidate=86400');
      if (hasAlready(c, etag)) return c.body(null, 304);
      return c.body(new Uint8Array(body), 200, { 'Content-Type': contentType });
    });
  }
  return app;
}

/** The package root is the nearest folder above that has a package.json: two levels deeper in `dist` than in `src`. */
function pagesDirectory(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json'))) {
    const above = dirname(at);
    if (above === at) throw new Error(`no package.json above ${import.meta.url}`);
    at = above;
  }
  return join(at, 'templates', 'pages');
}
