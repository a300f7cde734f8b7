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

/** Scripts of our own pages, built from `browser/`; every page works without. */
const scripts = ['zone'];

/** Serves what a designer edits in `templates/pages`, and scripts of our own pages, as `/assets/<name>`, read once. */
export function assets(directory = join(packageRoot(), 'templates', 'pages')): Hono {
  const app = new Hono();
  for (const name of readdirSync(directory)) {
    const contentType = contentTypes[extname(name)];
    if (!contentType) continue;
    const { handler } = keptFile(readFileSync(join(directory, name)), { contentType, cacheControl });
    app.get(`/assets/${name}`, handler);
  }
  for (const name of scripts) {
    const { handler } = keptFile(readScript(name), {
      contentType: 'text/javascript; charset=utf-8',
      cacheControl,
    });
    app.get(`/assets/${name}.js`, handler);
  }
  return app;
}

function readScript(name: string): Buffer {
  try {
    return readFileSync(join(packageRoot(), 'dist', 'browser', `${name}.js`));
  } catch (cause) {
    throw new Error(`the script ${name} is not built: npm run build`, { cause });
  }
}
