import { parseHTML } from 'linkedom';

export type MailLink = { href: string; label: string };

const linksMax = 500;

/**
 * The web addresses of a mail, each once, in reading order: those of the html with the words they stand under, then
 * those that only the text has. Addresses that are not http or https are left out.
 */
export function mailLinks(mail: { html: string; text: string }): MailLink[] {
  const links = new Map<string, string>();
  const { document } = parseHTML(`<!doctype html><html><body>${mail.html}</body></html>`);
  for (const anchor of document.querySelectorAll('a[href]')) {
    add(links, anchor.getAttribute('href') ?? '', anchor.textContent ?? '');
  }
  for (const [href] of mail.text.matchAll(/https?:\/\/[^\s<>"]+/gi))
    add(links, href.replace(/[.,;:!?)]+$/, ''), '');
  return [...links].map(([href, label]) => ({ href, label })).slice(0, linksMax);
}

/** A picture and a headline may lead to one address: the words win. */
function add(links: Map<string, string>, href: string, label: string): void {
  const address = href.trim();
  if (!/^https?:\/\/[^\s]+$/i.test(address) || links.get(address)) return;
  links.set(address, label.replace(/\s+/g, ' ').trim());
}
