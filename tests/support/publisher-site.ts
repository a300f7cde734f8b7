import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';

export interface PublisherSite {
  /** Another origin than the program's. */
  url: string;
  close(): Promise<void>;
}

/**
 * A publisher's site that is not ours: an article with whatever is pasted into it, under a policy that allows our host and
 * nothing inline (but for the border of a frame).
 */
export async function openPublisherSite(
  ours: () => string,
  blockFor: (level: string, lang: string) => Promise<string>,
): Promise<PublisherSite> {
  const app = new Hono();
  app.get('/article/:level/:lang', async (c) => {
    const { level, lang } = c.req.param();
    const dir = c.req.query('dir') ?? 'ltr';
    c.header(
      'Content-Security-Policy',
      `default-src 'none'; script-src ${ours()}; style-src ${ours()}; style-src-attr ${level === 'iframe' ? "'unsafe-inline'" : "'none'"}; connect-src ${ours()}; frame-src ${ours()}; form-action ${ours()}`,
    );
    return c.html(`<!doctype html><html lang="${lang}" dir="${dir}"><head><meta charset="utf-8"><title>An article</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"></head>
<body><main><h1>An article</h1><p>A paragraph before.</p>${await blockFor(level, lang)}<p id="after">A paragraph after.</p></main></body></html>`);
  });
  let server: ServerType | undefined;
  const url = await new Promise<string>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
  });
  return {
    url,
    close: async () => {
      await new Promise((resolve) => server?.close(resolve));
    },
  };
}
