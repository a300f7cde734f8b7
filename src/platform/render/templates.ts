import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Liquid, LiquidError, type Template } from 'liquidjs';
import { closeBlock, openBlock, withoutMarks } from './blocks.ts';
import { cleanView } from './clean.ts';
import { disarmHtml, disarmText, escapeForMjml } from './escape.ts';
import { MailFault } from './mail-fault.ts';
import { digestPlaces, findPlaces, markPlaces, unmarkPlaces } from './places.ts';
import { underline } from './plain-text.ts';

const sourceCharsMax = 200_000;
const renderMsMax = 5_000;
const memoryUnitsMax = 20_000_000;

/** Templates read once, checked and kept; rendering them is pure. */
export interface Templates {
  /**
   * Fills a template with a view. `.mjml` escapes every value for HTML, `.txt` prints it as it is; both clean it first
   * (`clean`), fill once (a value that reads like a template stays a value) and leave `[[place]]` as written.
   * Throws `TemplateError` for a variable that the view lacks.
   */
  render(name: string, view: object): string;
  /** The same, with the marks around what not every reader gets. */
  renderMarked(name: string, view: object): string;
}

/** A fault in a template, or a view that does not fit it: says which template, which line and what. */
export class TemplateError extends MailFault {
  override readonly name = 'TemplateError';
  readonly template: string;
  readonly line: number;
  /** The variable that the view lacks, when that is the fault. */
  readonly variable: string | undefined;

  constructor(
    at: { template: string; line: number; variable?: string | undefined },
    what: string,
    cause?: unknown,
  ) {
    super(`${at.template}, line ${at.line}: ${what}`, { cause });
    this.template = at.template;
    this.line = at.line;
    this.variable = at.variable;
  }
}

/**
 * Reads the templates of a directory (`*.mjml`, `*.txt` and `parts/`) and parses them all, so that a fault is found at
 * the start and not at the first mail. Throws `TemplateError` for bad syntax, an unknown filter, tag, part or place.
 */
export function openTemplates(directory: string): Templates {
  const sources = readSources(directory);
  for (const [name, source] of Object.entries(sources)) checkSource(name, source, sources);
  const marked = Object.fromEntries(
    Object.entries(sources).map(([name, source]) => [name, markPlaces(source)]),
  );
  const html = liquidFor(marked, (value) => escapeForMjml(printed(value)));
  const text = liquidFor(marked, printed);
  const parsed = new Map<string, Template[]>();
  for (const [name, source] of Object.entries(marked)) {
    parsed.set(
      name,
      naming(name, marked, () => (name.endsWith('.txt') ? text : html).parse(source, name)),
    );
  }

  const renderMarked = (name: string, view: object): string => {
    const template = parsed.get(name);
    if (!template)
      throw new Error(`there is no template ${name}; there are ${[...parsed.keys()].join(', ')}`);
    const isHtml = !name.endsWith('.txt');
    const filled = naming(name, marked, () =>
      (isHtml ? html : text).renderSync(template, cleanView(view) as object, { sync: true }),
    );
    return unmarkPlaces(filled, isHtml ? disarmHtml : disarmText);
  };
  return { render: (name, view) => withoutMarks(renderMarked(name, view)), renderMarked };
}

/** The directory of the built-in templates, found from the package root (this file runs from `src` and from `dist`). */
export function builtInTemplates(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (let level = 0; level < 8; level++) {
    const candidate = join(directory, 'templates', 'emails');
    if (existsSync(candidate)) return candidate;
    directory = dirname(directory);
  }
  throw new Error('templates/emails is missing beside the program');
}

function readSources(directory: string): Record<string, string> {
  const files = ['', 'parts/'].flatMap((folder) => {
    const path = join(directory, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path).map((file) => folder + file);
  });
  const names = files.filter((name) => /\.(mjml|css|txt)$/.test(name)).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

function liquidFor(templates: Record<string, string>, outputEscape: (value: unknown) => string): Liquid {
  const liquid = new Liquid({
    templates,
    outputEscape,
    cache: true,
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    parseLimit: sourceCharsMax,
    renderLimit: renderMsMax,
    memoryLimit: memoryUnitsMax,
  });
  // `include` shares its variables with the part it names; `render` hands over what is listed.
  delete liquid.tags.include;
  // `raw` would print a value unescaped; dates and chance are decided before a view is made.
  for (const filter of ['raw', 'date', 'date_to_string', 'date_to_long_string', 'sample'])
    delete liquid.filters[filter];
  liquid.registerFilter('places', (value: unknown, ...names: string[]) => markPlaces(printed(value), names));
  // What not every reader gets: `{{ 'lead' | block }} … {{ '' | end }}`, or words that another group reads otherwise.
  liquid.registerFilter('block', (value: unknown, kind?: string) =>
    openBlock(kind === undefined ? printed(value) : `${kind}:${printed(value)}`),
  );
  liquid.registerFilter('end', () => closeBlock);
  liquid.registerFilter(
    'slot',
    (value: unknown, name: string) => openBlock(name) + printed(value) + closeBlock,
  );
  liquid.registerFilter('underline', (value: unknown, stroke: string) => underline(printed(value), stroke));
  return liquid;
}

function printed(value: unknown): string {
  if (value === null) return '';
  if (typeof value === 'object')
    throw new Error('a list or a group of values cannot be printed, only a value in it');
  return String(value);
}

function checkSource(name: string, source: string, sources: Record<string, string>): void {
  if (source.length > sourceCharsMax) {
    throw new TemplateError({ template: name, line: 1 }, `longer than ${sourceCharsMax} characters`);
  }
  for (const place of findPlaces(source)) {
    if ((digestPlaces as readonly string[]).includes(place)) continue;
    const line = lineOf(source, source.indexOf(`[[${place}]]`));
    throw new TemplateError(
      { template: name, line },
      `unknown place [[${place}]]; there are ${digestPlaces.join(', ')}`,
    );
  }
  for (const tag of source.matchAll(/\{%-?\s*(?:render|layout)\s+([^\s,%]+)/g)) {
    const part = /^'(parts\/[a-z0-9.-]+)'$/.exec(tag[1] ?? '')?.[1];
    if (part !== undefined && sources[part] !== undefined) continue;
    const line = lineOf(source, tag.index);
    throw new TemplateError({ template: name, line }, `${tag[1]} is not the quoted name of a file in parts/`);
  }
}

function lineOf(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}

/** Does the work; a fault in a template becomes a `TemplateError` that names the file at fault, part or whole. */
function naming<Result>(name: string, marked: Record<string, string>, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof LiquidError)) throw new Error(`${name} could not be rendered`, { cause });
    // A missing variable's token knows its source but not its file.
    const holder = Object.keys(marked).find((file) => marked[file] === cause.token.input);
    const template = cause.token.file ?? holder ?? name;
    const line = cause.token.getPosition()[0] ?? 1;
    const what = cause.message.replace(/, (?:file|line):.*$/s, '');
    const variable = /^undefined variable: (.*)$/s.exec(what)?.[1];
    if (variable === undefined) throw new TemplateError({ template, line }, what, cause);
    throw new TemplateError({ template, line, variable }, `the view has no "${variable}"`, cause);
  }
}
