// Part of /embed/v1.js: listens on the page, so that boxes which come later need nothing more.

/** `<dateline-signup>` holds the plain form; its attributes say how the form looks, and which form it is. */
class DatelineSignup extends HTMLElement {
  connectedCallback(): void {
    // Its children may not be there yet while the page is still being read.
    setTimeout(() => this.complete());
  }

  /** Without the plain form in it, it leads to the hosted page: the words that a reader agrees to come from the server. */
  private complete(): void {
    const { lang } = this;
    const level = this.getAttribute('heading-level') ?? '';
    const heading = this.querySelector('h1, h2, h3, h4');
    if (heading && /^[2-4]$/.test(level)) {
      heading.replaceWith(make(`h${level}` as 'h2', [...heading.childNodes], { id: heading.id }));
    }
    const named = namesOf(this);
    if (this.querySelector('form') || !named || !home) return;
    const query = new URLSearchParams({ lang });
    const names = named.split(',');
    if (names[1]) for (const name of names) query.append('pick', name);
    const href = `${home}/s${names[1] ? '' : `/${named}`}?${query}`;
    this.append(make('a', say(lang, 'button'), { href, className: 'dl-button' }));
  }
}

function boxFormOf(event: Event): HTMLFormElement | undefined {
  const target = event.target as HTMLElement;
  const form = target.closest<HTMLFormElement>('form[data-dateline]');
  return form && fieldOf(form) ? form : undefined;
}

document.addEventListener(
  'submit',
  (event) => {
    const form = boxFormOf(event);
    if (form) {
      event.preventDefault();
      for (const name of ['src', 'topics']) {
        const said = form.closest('dateline-signup')?.getAttribute(name);
        if (said) keep(form, name, said);
      }
      void send(form);
      return;
    }
    const step = (event.target as HTMLElement).closest<HTMLFormElement>('form[data-dateline-proof]');
    if (step) void sendWithProof(step, event);
  },
  true,
);

/** Our words in our place, where the browser would show a bubble of its own. */
document.addEventListener(
  'invalid',
  (event) => {
    const form = boxFormOf(event);
    if (!form || event.target !== fieldOf(form)) return;
    event.preventDefault();
    fail(form, 'email', 'invalid_email');
  },
  true,
);

/** Our own page of the one step more, and the hosted form while a newsletter is in a surge. */
async function sendWithProof(form: HTMLFormElement, event: Event): Promise<void> {
  const proof = form.querySelector<HTMLInputElement>('[name=proof]');
  const token = form.querySelector<HTMLInputElement>('[name=still_human]');
  if (!proof || !token || proof.value) return;
  event.preventDefault();
  if (sending.has(form)) return;
  sending.add(form);
  form.querySelector('button')?.setAttribute('aria-disabled', 'true');
  proof.value = await proofOf(token.value, Number(form.dataset.datelineProof));
  sendPlainly(form);
}

/** Whoever comes back has used the token up: without it the server gives another. */
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-dateline-proof]')) {
    sending.delete(form);
    form.querySelector('button')?.removeAttribute('aria-disabled');
    for (const field of form.querySelectorAll<HTMLInputElement>('[name=proof], [name=still_human]'))
      field.value = '';
  }
});

/** Where this script comes from. */
const home = (() => {
  const own = document.currentScript as HTMLScriptElement | null;
  return own?.src ? new URL(own.src).origin : undefined;
})();

if (!customElements.get('dateline-signup')) customElements.define('dateline-signup', DatelineSignup);
