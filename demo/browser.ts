import { parseHTML } from 'linkedom';

/** A page as a reader without scripts meets it. */
export interface Visit {
  status: number;
  /** Where it stands, after the redirects. */
  url: string;
  text: string;
  /** What a browser would send if nothing were touched. */
  forms: { action: string; fields: Record<string, string> }[];
}

const answerTimeoutMs = 30_000;

/** Follows a link: a GET, which changes nothing. */
export async function look(url: string): Promise<Visit> {
  return read(await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) }));
}

/**
 * Fills a form in and presses its button, as a browser without scripts does: form-encoded, with the origin it came from.
 *
 * @returns the answer itself, before any redirect is followed, and the page it leads to.
 */
export async function press(
  page: Visit,
  which: (action: string) => boolean,
  answers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; location: string; page: Visit }> {
  const form = page.forms.find(({ action }) => which(new URL(action, page.url).href));
  if (!form) throw new Error(`the page at ${page.url} has not the form it should have`);
  const { origin } = new URL(page.url);
  const answer = await fetch(new URL(form.action, page.url), {
    method: 'POST',
    headers: { Origin: origin, Referer: `${origin}/` },
    body: new URLSearchParams({ ...form.fields, ...answers }),
    redirect: 'manual',
    signal: AbortSignal.timeout(answerTimeoutMs),
  });
  const location = new URL(answer.headers.get('Location') ?? '', answer.url || page.url).href;
  const led = answer.status >= 300 && answer.status < 400;
  return { status: answer.status, location, page: led ? await look(location) : await read(answer) };
}

async function read(response: Response): Promise<Visit> {
  const html = await response.text();
  const { document } = parseHTML(html);
  const forms = [...document.querySelectorAll('form')]
    .filter((form) => (form.getAttribute('method') ?? '').toLowerCase() === 'post')
    .map((form) => ({
      action: form.getAttribute('action') ?? response.url,
      fields: Object.fromEntries(
        [...form.querySelectorAll('input[name]')]
          .filter((field) => field.getAttribute('type') !== 'checkbox' || field.hasAttribute('checked'))
          .map((field) => [field.getAttribute('name') ?? '', field.getAttribute('value') ?? '']),
      ),
    }));
  const text = (document.querySelector('body')?.textContent ?? '').replace(/\s+/g, ' ').trim();
  return { status: response.status, url: response.url, text, forms };
}
