// Part of /embed/v1.js: takes over the sending of `form[data-dateline]`. Until a reader sends it, nothing of a box is touched.

const answerWithinMs = 8_000;

/** What a sign-up is answered with: the body of 202, or a problem (RFC 9457). */
interface Answer {
  status?: string | number;
  code?: string;
  inbox?: { provider: string; url: string } | null;
  letter?: { from: string; subject: string };
  domain?: string;
  suggestion?: string;
  still_human?: string;
  proof_bits?: number;
  retry_after?: number;
}

const sending = new WeakSet<HTMLFormElement>();

function fieldOf(form: HTMLFormElement): HTMLInputElement {
  return form.querySelector<HTMLInputElement>('[name=email]') as HTMLInputElement;
}

function langOf(form: HTMLFormElement): string {
  const named = form.querySelector<HTMLInputElement>('[name=lang]')?.value;
  return named || form.closest<HTMLElement>('[lang]')?.lang || 'en';
}

/** A field that goes along unseen, also when the browser sends the form itself. */
function keep(form: HTMLFormElement, name: string, value: string | undefined): void {
  const known = form.querySelector<HTMLInputElement>(`[type=hidden][name=${name}]`);
  if (value === undefined) known?.remove();
  else if (known) known.value = value;
  else form.append(make('input', '', { type: 'hidden', name, value }));
}

/** The newsletter of a box, or several by comma. */
function namesOf(box: Element | null): string | null | undefined {
  return box?.getAttribute('newsletter') ?? box?.getAttribute('newsletters');
}

/** For the publisher's own counting; no address is in it. */
function announce(form: HTMLFormElement, kind: 'submit' | 'accepted' | 'error', code?: string): void {
  const newsletter = namesOf(form.closest('dateline-signup')) ?? form.action.split('/').pop();
  form.dispatchEvent(
    new CustomEvent(`dateline:${kind}`, { bubbles: true, composed: true, detail: { newsletter, code } }),
  );
}

function fail(form: HTMLFormElement, key: string, code: string): void {
  openErrorLine(form, fieldOf(form), lines(form));
  sayError(form, fieldOf(form), say(langOf(form), key));
  announce(form, 'error', code);
}

/** What may stand in the line under the field. */
function lines(form: HTMLFormElement): string[] {
  return ['email', 'disposable', 'saved', 'nothing'].map((key) => say(langOf(form), key));
}

/** Sends the form as the browser would, with all that was typed: the way out of whatever a script cannot do. */
function sendPlainly(form: HTMLFormElement): void {
  HTMLFormElement.prototype.submit.call(form);
}

async function send(form: HTMLFormElement): Promise<void> {
  if (sending.has(form)) return;
  sending.add(form);
  const lang = langOf(form);
  const address = fieldOf(form).value;
  const pressed = form.querySelector<HTMLButtonElement>('button:not([type=button]), [type=submit]');
  const label = pressed?.textContent ?? '';
  openErrorLine(form, fieldOf(form), lines(form));
  sayError(form, fieldOf(form), '');
  if (pressed) {
    pressed.style.minInlineSize = `${pressed.offsetWidth}px`;
    pressed.setAttribute('aria-disabled', 'true');
    pressed.textContent = say(lang, 'working');
  }
  tell(form, say(lang, 'working'));
  announce(form, 'submit');
  const answer = await ask(form);
  tell(form, '');
  pressed?.removeAttribute('aria-disabled');
  if (pressed) pressed.textContent = label;
  sending.delete(form);
  if (!answer || !show(form, answer, address)) sendPlainly(form);
}

/** The answer to the form, or nothing when there is none that a script can read. */
async function ask(form: HTMLFormElement): Promise<Answer | undefined> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), answerWithinMs);
  try {
    const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
    body.set('page', location.origin + location.pathname);
    const answer = await fetch(form.action, {
      method: 'POST',
      body,
      headers: { Accept: 'application/json' },
      credentials: 'omit',
      signal: late.signal,
    });
    if (!/json/.test(answer.headers.get('Content-Type') ?? '')) return undefined;
    const read = (await answer.json()) as Answer;
    // Good for one use.
    keep(form, 'still_human', undefined);
    keep(form, 'proof', undefined);
    return read;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Shows what was answered; `false` for an answer that needs a page of ours. */
function show(form: HTMLFormElement, answer: Answer, address: string): boolean {
  if (answer.status === 'accepted') {
    showSent(form, answer, address);
    announce(form, 'accepted');
    return true;
  }
  const { code = '' } = answer;
  const line = {
    invalid_email: 'email',
    disposable_domain: 'disposable',
    nothing_chosen: 'nothing',
    unavailable: 'saved',
  }[code];
  if (line) fail(form, line, code);
  else if (code === 'unlikely_domain' && answer.domain) showDoubt(form, answer.domain, answer.suggestion);
  else if (code === 'one_more_step' && answer.still_human) showStep(form, answer);
  else if (code === 'too_many') showWait(form, answer);
  else return false;
  return true;
}

function row(...buttons: Node[]): HTMLElement {
  const made = make('p', buttons, { className: 'dl-row' });
  Object.assign(made.style, { display: 'flex', flexWrap: 'wrap', gap: '.5em' });
  return made;
}

/** What matters less is smaller, so that all of it fits where the form was. */
function small(text: string): HTMLElement {
  const made = make('p', text, { className: 'dl-small' });
  made.style.fontSize = '.875em';
  return made;
}

/** Back to the form, with the caret where the address is. */
function back(form: HTMLFormElement): void {
  closePanel(form);
  fieldOf(form).focus();
}

function showSent(form: HTMLFormElement, { inbox, letter }: Answer, email: string): void {
  const lang = langOf(form);
  const address = make('strong', email, { dir: 'ltr' });
  const [before = '', after = ''] = say(lang, 'body').split('<>');
  const content: Node[] = [make('p', [new Text(before), address, new Text(after)])];
  if (inbox) {
    const open = make('a', say(lang, 'open', { provider: inbox.provider }), {
      href: inbox.url,
      rel: 'noreferrer',
      className: 'dl-button',
    });
    content.push(row(open));
  }
  if (letter) content.push(small(say(lang, 'from', { sender: letter.from, subject: letter.subject })));
  const again = button(say(lang, 'again_button'), async () => {
    if (again.ariaDisabled) return;
    again.ariaDisabled = 'true';
    const answer = await ask(form);
    const said = say(lang, answer?.status === 'accepted' ? 'again' : 'saved');
    again.ariaDisabled = null;
    again.textContent = said;
    tell(form, said);
  });
  content.push(
    small(say(lang, 'help')),
    row(
      again,
      button(say(lang, 'change'), () => back(form)),
    ),
  );
  showPanel(form, say(lang, 'sent'), content);
}

function showDoubt(form: HTMLFormElement, domain: string, suggestion: string | undefined): void {
  const lang = langOf(form);
  const field = fieldOf(form);
  const insist = button(say(lang, 'keep', { domain }), () => {
    closePanel(form);
    keep(form, 'accept_domain', domain);
    void send(form);
  });
  const choices = [insist, button(say(lang, 'change'), () => back(form))];
  if (suggestion) {
    const use = button(say(lang, 'use', { suggestion }), () => {
      closePanel(form);
      field.value = `${field.value.slice(0, field.value.lastIndexOf('@'))}@${suggestion}`;
      void send(form);
    });
    choices.unshift(use);
  }
  const title = suggestion ? say(lang, 'meant', { domain, suggestion }) : say(lang, 'domain', { domain });
  showPanel(form, title, [row(...choices)]);
  announce(form, 'error', 'unlikely_domain');
}

/** One button; once it is pressed, some work that a person does not notice and that costs whoever sends thousands. */
function showStep(form: HTMLFormElement, { still_human, proof_bits = 0 }: Answer): void {
  const lang = langOf(form);
  const token = still_human ?? '';
  const go = button(say(lang, 'step_button'), async () => {
    if (go.ariaDisabled) return;
    go.ariaDisabled = 'true';
    go.textContent = say(lang, 'working');
    const proof = await proofOf(token, proof_bits);
    closePanel(form);
    keep(form, 'still_human', token);
    keep(form, 'proof', proof);
    void send(form);
  });
  showPanel(form, say(lang, 'step'), [make('p', say(lang, 'step_detail')), row(go)]);
}

function showWait(form: HTMLFormElement, { retry_after = 600 }: Answer): void {
  const lang = langOf(form);
  const minutes = String(Math.ceil(retry_after / 60));
  const again = button(say(lang, 'retry'), () => back(form));
  showPanel(form, say(lang, 'wait'), [make('p', say(lang, 'wait_detail', { minutes })), row(again)]);
  announce(form, 'error', 'too_many');
}
