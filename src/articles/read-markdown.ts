import { marked } from 'marked';
import { parseDocument } from 'yaml';
import type { FoundArticle, FoundImage } from './found.ts';

export type ReadMarkdown =
  | { kind: 'article'; found: FoundArticle }
  /** The front matter is no YAML that names fields. */
  | { kind: 'unreadable'; reason: string };

const frontMatter = /^---[ \t]*\n([\s\S]*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)/;

/**
 * Reads Markdown with YAML front matter. Fields go by the names that site generators use (`title`, `date`, `author` or
 * `authors`, `description`, `tags`, `image` …); without a title there, the first heading is it.
 */
export function readMarkdown(text: string): ReadMarkdown {
  const unified = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const matter = frontMatter.exec(unified);
  const fields = matter ? parseFields(matter[1] ?? '') : {};
  if (typeof fields === 'string') return { kind: 'unreadable', reason: fields };
  const { heading, rest } = splitHeading(unified.slice(matter?.[0].length ?? 0));
  const named = textIn(fields, 'title');
  const bodyHtml = marked.parse(named === undefined ? rest : `${heading ? `# ${heading}\n\n` : ''}${rest}`, {
    async: false,
    gfm: true,
  });
  return {
    kind: 'article',
    found: {
      title: named ?? heading,
      url: textIn(fields, 'url', 'canonical_url', 'canonical', 'link'),
      guid: textIn(fields, 'guid', 'id'),
      dek: textIn(fields, 'dek', 'description', 'summary', 'excerpt'),
      authors: listIn(fields, 'author', 'authors', 'byline'),
      section: textIn(fields, 'section', 'category'),
      tags: listIn(fields, 'tags', 'keywords'),
      lang: textIn(fields, 'lang', 'language', 'locale'),
      image: imageIn(fields),
      published: textIn(fields, 'published_at', 'published', 'date'),
      embargoUntil: textIn(fields, 'embargo_until', 'embargo'),
      expires: textIn(fields, 'expires_at', 'expires'),
      priority: numberIn(fields, 'priority'),
      never: typeof fields.never === 'boolean' ? fields.never : undefined,
      translationOf: textIn(fields, 'story', 'translation_of'),
      bodyHtml,
    },
  };
}

type Fields = Record<string, unknown>;

function parseFields(yaml: string): Fields | string {
  const document = parseDocument(yaml, { logLevel: 'silent', prettyErrors: true });
  const problem = document.errors[0];
  if (problem) return `the front matter cannot be read: ${problem.message.split('\n')[0]?.replace(/:$/, '')}`;
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return 'the front matter names no fields';
  return value as Fields;
}

function splitHeading(body: string): { heading: string | undefined; rest: string } {
  const heading = /^\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n|$)/.exec(body);
  return heading
    ? { heading: heading[1], rest: body.slice(heading[0].length) }
    : { heading: undefined, rest: body };
}

function textIn(fields: Fields, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === 'string' && value.trim() !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

function numberIn(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' ? value : undefined;
}

/** One text with commas, or a list of texts, or of `{name}`. */
function listIn(fields: Fields, ...names: string[]): string[] | undefined {
  const value = names.map((name) => fields[name]).find((one) => one !== undefined && one !== null);
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value.split(',');
  return [value].flat().map((one) => (isFields(one) ? (textIn(one, 'name') ?? '') : String(one)));
}

function imageIn(fields: Fields): FoundImage | undefined {
  const image = [fields.image].flat()[0];
  const alt = textIn(fields, 'image_alt');
  if (typeof image === 'string') return { url: image, alt };
  if (!isFields(image)) return undefined;
  const url = textIn(image, 'url', 'src');
  if (url === undefined) return undefined;
  return {
    url,
    alt: textIn(image, 'alt') ?? alt,
    width: numberIn(image, 'width'),
    height: numberIn(image, 'height'),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
