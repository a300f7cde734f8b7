import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { packageRoot } from '../lib/package-root.ts';
import { keptFile } from '../platform/http/kept-file.ts';
import { embedScript } from './embed-script.ts';

/** Pasted into pages that nobody will edit again, so the address stays and the content is asked for once a day. */
const cacheControl = 'public, max-age=86400, stale-while-revalidate=604800';
/** Other sites' pages load them, also those that isolate themselves. */
const headers = { 'Cross-Origin-Resource-Policy': 'cross-origin' };

/** `/embed/v1.js` and `/embed/v1.css`: what a publisher's page loads from us; `/embed/frame.js`: what our framed pages do. */
export function embedFiles(): Hono {
  const app = new Hono();
  const script = keptFile(Buffer.from(embedScript()), {
    contentType: 'text/javascript; charset=utf-8',
    cacheControl,
    headers,
  });
  const style = keptFile(readFileSync(join(packageRoot(), 'templates', 'embed', 'v1.css')), {
    contentType: 'text/css; charset=utf-8',
    cacheControl,
    headers,
  });
  const frame = keptFile(readFileSync(join(packageRoot(), 'dist', 'browser', 'frame.js')), {
    contentType: 'text/javascript; charset=utf-8',
    cacheControl,
    headers,
  });
  app.get('/embed/v1.js', script.handler);
  app.get('/embed/frame.js', frame.handler);
  app.get('/embed/v1.css', style.handler);
  return app;
}
