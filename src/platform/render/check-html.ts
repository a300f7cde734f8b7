import { MailFault } from './mail-fault.ts';

const forbidden = /<(script|iframe|object|embed|form|base|link)\b/i;

/**
 * Throws when a rendered mail holds what no mail may: scripts, frames, forms, event attributes, a refused include, or a
 * link or image that is not https, http, mailto or a per-reader place. Every value was escaped before, so what is found
 * here was written by a template or is a dangerous URL. In a letter's frame a mark stands for each value: it may be a whole
 * URL, which `checkUrl` is for once it is filled in, and within a tag it must stand between quotes.
 */
export function checkHtml(html: string): void {
  const element = forbidden.exec(html)?.[1];
  if (element !== undefined) throw new MailFault(`the mail holds <${element}>, which no mail may`);
  if (/<(?:!--\s*)?mj-include/i.test(html))
    throw new MailFault('the mail holds the remains of an mj-include');
  for (const [tag] of html.matchAll(/<[a-z][a-z0-9]*(?:\s(?:"[^"]*"|'[^']*'|[^"'<>])*)?>/gi)) {
    const unquoted = tag.replace(/"[^"]*"|'[^']*'/g, '');
    if (/\son[a-z]+\s*=/i.test(unquoted)) {
      throw new MailFault(`the mail holds an event attribute: ${tag.slice(0, 80)}`);
    }
    if (unquoted.includes('\ue000')) {
      throw new MailFault(`a value in a tag must stand between quotes: ${tag.slice(0, 80)}`);
    }
    for (const [, url = ''] of tag.matchAll(/\s(?:href|src)="([^"]*)"/gi)) {
      if (!/^\ue000\d+\ue001$/.test(url)) checkUrl(url);
    }
  }
}

/** Throws when what stands in a link or image is neither https, http, mailto nor a per-reader place. */
export function checkUrl(url: string): void {
  if (/^(?:https?:\/\/|mailto:|\[\[[a-z_]+_url\]\]$)/i.test(url)) return;
  throw new MailFault(`a link or image must be https, http or mailto, not "${url.slice(0, 80)}"`);
}
