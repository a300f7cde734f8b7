// Part of /embed/v1.js: what stands in the box's place once the form has done its part.

/** What the box says, beside its form; each box has at most one of each. */
interface Shown {
  panel?: HTMLElement;
  error?: HTMLElement;
  status?: HTMLElement;
}

const shown = new WeakMap<HTMLFormElement, Shown>();

function shownOf(form: HTMLFormElement): Shown {
  const known = shown.get(form) ?? {};
  shown.set(form, known);
  return known;
}

function boxOf(form: HTMLFormElement): HTMLElement {
  return form.closest<HTMLElement>('.dl-box, dateline-signup') ?? form;
}

/**
 * Lays a panel over the box, which keeps its size: what was there is hidden from eyes, keys and screen readers alike. Focus
 * goes to the panel's heading, so that it is read once.
 */
function showPanel(form: HTMLFormElement, title: string, content: Node[]): void {
  closePanel(form);
  const box = boxOf(form);
  const level = box.querySelector('h1, h2, h3, h4')?.tagName.toLowerCase() ?? 'h2';
  const heading = make(level as 'h2', title, { tabIndex: -1 });
  heading.style.outline = 'none';
  const panel = make('div', [heading, ...content], { className: 'dl-panel' });
  Object.assign(panel.style, {
    position: 'absolute',
    inset: '0',
    boxSizing: 'border-box',
    overflow: 'auto',
    padding: 'inherit',
  });
  for (const child of panel.children) (child as HTMLElement).style.margin = '0 0 .5em';
  if (getComputedStyle(box).position === 'static') box.style.position = 'relative';
  for (const child of box.children) hide(child as HTMLElement, true);
  box.append(panel);
  shownOf(form).panel = panel;
  heading.focus();
}

/** The form is back, as it was left. */
function closePanel(form: HTMLFormElement): void {
  const known = shownOf(form);
  known.panel?.remove();
  delete known.panel;
  for (const child of boxOf(form).children) hide(child as HTMLElement, false);
}

function hide(element: HTMLElement, hidden: boolean): void {
  element.style.visibility = hidden ? 'hidden' : '';
  element.toggleAttribute('inert', hidden);
}

function button(label: string, press: (pressed: HTMLButtonElement) => void): HTMLButtonElement {
  const made = make('button', label, { type: 'button' });
  made.addEventListener('click', () => press(made));
  return made;
}

/**
 * Says what is wrong under the field. The line opens when the button is pressed and is as tall as the longest thing that may
 * stand in it, so that nothing moves when the answer comes.
 */
function openErrorLine(form: HTMLFormElement, field: HTMLElement, candidates: string[]): void {
  const known = shownOf(form);
  if (known.error) return;
  const line = make('div', [], { className: 'dl-error-line' });
  line.style.display = 'grid';
  for (const candidate of candidates) {
    const ghost = make('p', candidate, { className: 'dl-error', ariaHidden: 'true' });
    Object.assign(ghost.style, { gridArea: '1 / 1', margin: '0', visibility: 'hidden' });
    line.append(ghost);
  }
  const error = make('p', '', {
    className: 'dl-error',
    id: `${field.id || field.getAttribute('name')}-error`,
  });
  Object.assign(error.style, { gridArea: '1 / 1', margin: '0', fontWeight: 'bold' });
  line.append(error);
  field.after(line);
  known.error = error;
}

function sayError(form: HTMLFormElement, field: HTMLElement, text: string): void {
  const { error } = shownOf(form);
  if (error) error.textContent = text;
  if (text) {
    field.setAttribute('aria-invalid', 'true');
    if (error) field.setAttribute('aria-describedby', error.id);
    field.focus();
  } else {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
}

/** Told to screen readers alone: whoever sees, sees the button. */
function tell(form: HTMLFormElement, text: string): void {
  const known = shownOf(form);
  if (!known.status?.isConnected) {
    known.status = make('p', '', { className: 'dl-told' });
    known.status.setAttribute('role', 'status');
    Object.assign(known.status.style, {
      position: 'absolute',
      inlineSize: '1px',
      blockSize: '1px',
      margin: '0',
      overflow: 'hidden',
      clipPath: 'inset(50%)',
      whiteSpace: 'nowrap',
    });
    boxOf(form).after(known.status);
  }
  const { status } = known;
  requestAnimationFrame(() => {
    status.textContent = text;
  });
}
