import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Hono } from 'hono';
import { packageRoot } from '../../lib/package-root.ts';
import { keptFile } from './kept-file.ts';

const contentTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

const cacheControl = 'public, max-age=300, stale-while-revalidate=86400';

/** Serves what a designer edits in `templates/pages` as `/assets/<name>`, read once. */
export function assets(directory = join(packageRoot(), 'templates', 'pages')): Hono {
  const app = new Hono();
  for (const name of readdirSync(directory)) {
    const contentType = contentTypes[extname(name)];
    if (!contentType) continue;
    const { handler } = keptFile(readFileSync(join(directory, name)), { contentType, cacheControl });
    app.get(`/assets/${name}`, handler);
  }
  return app;
}
