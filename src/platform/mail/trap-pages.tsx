import { type Context, Hono } from 'hono';
import PostalMime from 'postal-mime';
import { mailLinks } from './mail-links.ts';
import type { Inbox as TrappedMails } from './trap.ts';
import { Inbox } from './trap-inbox.tsx';
import { trappedHeaders } from './trapped-headers.ts';
import { NoSuchMail, TrappedMailPage } from './trapped-mail.tsx';

const pageMails = 50;
const searchCharsMax = 200;

const pagePolicy =
  "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const mailPolicy =
  "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const rawPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";

/**
 * The inbox of the trap as an app of its own, to be mounted at `base` (such as `/trap`): the list, a mail, and its
 * html, text and raw source. A mail is a stranger's document: its html runs no script, sends no form and sees no
 * cookie, and every word of it is escaped elsewhere. Uses `/assets/dateline.css` and `/assets/trap.css`.
 */
export function trapApp(trap: TrappedMails, base: string): Hono {
  const app = new Hono();

  app.get('/', async (c) => {
    const q = (c.req.query('q') ?? '').trim().slice(0, searchCharsMax);
    const after = c.req.query('after') || undefined;
    const page = await trap.list({ q, after, limit: pageMails });
    policy(c, pagePolicy);
    return c.html(<Inbox base={base} page={page} q={q} after={after} size={trap.size()} />);
  });

  app.get('/:id', async (c) => {
    const id = c.req.param('id');
    const raw = await trap.read(id);
    policy(c, pagePolicy);
    if (!raw) return c.html(<NoSuchMail base={base} />, 404);
    const email = await PostalMime.parse(raw);
    const { html = '', text = '', headers } = email;
    const links = mailLinks({ html, text });
    const mail = { ...trappedHeaders(email), id, bytes: raw.length, html, text, headers, links };
    return c.html(<TrappedMailPage base={base} mail={mail} />);
  });

  app.get('/:id/html', async (c) => {
    const raw = await trap.read(c.req.param('id'));
    policy(c, mailPolicy);
    if (!raw) return c.text('There is no such mail.', 404);
    const { html } = await PostalMime.parse(raw);
    if (html === undefined) return c.text('This mail has no HTML part.', 404);
    return c.html(html);
  });

  app.get('/:id/text', async (c) => {
    const raw = await trap.read(c.req.param('id'));
    policy(c, rawPolicy);
    if (!raw) return c.text('There is no such mail.', 404);
    const { text } = await PostalMime.parse(raw);
    return text === undefined ? c.text('This mail has no text part.', 404) : c.text(text);
  });

  app.get('/:id/raw', async (c) => {
    const id = c.req.param('id');
    const raw = await trap.read(id);
    policy(c, rawPolicy);
    if (!raw) return c.text('There is no such mail.', 404);
    c.header('Content-Disposition', `attachment; filename="${id}.eml"`);
    return c.body(new Uint8Array(raw), 200, { 'Content-Type': 'text/plain; charset=utf-8' });
  });

  return app;
}

function policy(c: Context, contentPolicy: string): void {
  c.header('Content-Security-Policy', contentPolicy);
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Referrer-Policy', 'no-referrer');
  c.header('Cache-Control', 'no-store');
  c.header('X-Robots-Tag', 'noindex');
}
