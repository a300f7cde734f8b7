import { parseHTML } from 'linkedom';

type Form = NonNullable<ReturnType<ReturnType<typeof parseHTML>['document']['querySelector']>>;

/** A page as a reader without scripts meets it. */
export interface Visit {
  status: number;
  url: string;
  headers: Headers;
  text: string;
  /** The forms on it, each with the fields a browser would send if nothing were touched. */
  forms: { action: string; fields: Record<string, string>; buttons: string[] }[];
}

/** Looks at a page: a GET, as everybody who follows a link makes. */
export async function look(url: string, init: RequestInit = {}): Promise<Visit> {
  const response = await fetch(url, { redirect: 'follow', ...init });
  return readVisit(response, response.url || url);
}

/** Presses the button of a form, with the answers the reader gave. */
export async function press(
  visit: Visit,
  answers: Record<string, string> = {},
  which: (form: Visit['forms'][number]) => boolean = () => true,
): Promise<Visit> {
  const form = visit.forms.find(which);
  if (!form) throw new Error(`no such form on ${new URL(visit.url).pathname}: ${visit.text.slice(0, 200)}`);
  const body = new URLSearchParams({ ...form.fields, ...answers });
  return look(new URL(form.action, visit.url).href, { method: 'POST', body });
}

/** Reads an answer as a browser without scripts would. */
export async function readVisit(response: Response, url: string): Promise<Visit> {
  const html = await response.text();
  const { document } = parseHTML(html);
  const forms = [...document.querySelectorAll('form')].map((form) => ({
    action: form.getAttribute('action') ?? url,
    fields: fieldsOf(form),
    buttons: [...form.querySelectorAll('button')].map((button) => (button.textContent ?? '').trim()),
  }));
  const text = (document.querySelector('body')?.textContent ?? html).replace(/\s+/g, ' ').trim();
  return { status: response.status, url, headers: response.headers, text, forms };
}

function fieldsOf(form: Form): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const field of form.querySelectorAll('input, select, textarea')) {
    const name = field.getAttribute('name');
    const type = field.getAttribute('type');
    if (!name || type === 'submit') continue;
    if ((type === 'checkbox' || type === 'radio') && !field.hasAttribute('checked')) continue;
    const chosen = field.querySelector('option[selected]')?.getAttribute('value');
    fields[name] = chosen ?? field.getAttribute('value') ?? '';
  }
  return fields;
}
