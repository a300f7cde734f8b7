import { MailFault } from './mail-fault.ts';

const forbidden = /<(script|iframe|object|embed|form|base|link)\b/i;

/**
 * Throws when a rendered mail holds what no mail may: scripts, frames, forms, event attributes, a refused include, or a
 * link or image that is not https, http, mailto or a per-reader place. Every value was escaped before, so what is found
 * here was written by a template or is a dangerous URL.
 */
export function checkHtml(html: string): void {
  const element = forbidden.exec(html)?.[1];
  if (element !== undefined) throw new MailFault(`the mail holds <${element}>, which no mail may`);
  if (/<(?:!--\s*)?mj-include/i.test(html))
    throw new MailFault('the mail holds the remains of an mj-include');
  for (const [tag] of html.matchAll(/<[a-z][a-z0-9]*(?:\s(?:"[^"]*"|'[^']*'|[^"'<>])*)?>/gi)) {
    if (/\son[a-z]+\s*=/i.test(tag.replace(/"[^"]*"|'[^']*'/g, ''))) {
      throw new MailFault(`the mail holds an event attribute: ${tag.slice(0, 80)}`);
    }
    for (const [, url = ''] of tag.matchAll(/\s(?:href|src)="([^"]*)"/gi)) {
      // The last form is a letter's frame, whose URLs are filled in, and checked, later.
      if (/^(?:https?:\/\/|mailto:|\[\[[a-z_]+_url\]\]$|\ue000\d+\ue001$)/i.test(url)) continue;
      throw new MailFault(`a link or image must be https, http or mailto, not "${url.slice(0, 80)}"`);
    }
  }
}
