import type { FoundImage } from './found.ts';

/** As much of a parsed page as is needed here. */
export interface Page {
  documentElement: Element | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element> & { length: number };
}

export interface Element {
  textContent: string | null;
  getAttribute(name: string): string | null;
}

/** What a page says of itself in `<meta>`: the first of each name, and all of them where several are meant. */
export interface Meta {
  first(...names: string[]): string | undefined;
  all(name: string): string[];
}

export function readMeta(document: Page): Meta {
  const values = new Map<string, string[]>();
  for (const tag of document.querySelectorAll('meta')) {
    const name = (
      tag.getAttribute('property') ??
      tag.getAttribute('name') ??
      tag.getAttribute('http-equiv')
    )?.toLowerCase();
    const content = tag.getAttribute('content')?.trim();
    if (name && content) values.set(name, [...(values.get(name) ?? []), content]);
  }
  return {
    first: (...names) => names.map((name) => values.get(name)?.[0]).find((value) => value !== undefined),
    all: (name) => values.get(name) ?? [],
  };
}

/** The parts of schema.org's Article that this program keeps. */
export interface LinkedArticle {
  url: string | undefined;
  headline: string | undefined;
  description: string | undefined;
  authors: string[];
  image: FoundImage | undefined;
  published: string | undefined;
  section: string | undefined;
  keywords: string[];
  lang: string | undefined;
}

const articleTypes =
  /^(?:\w*Article|NewsArticle|BlogPosting|Report|LiveBlogPosting|AnalysisNewsArticle|OpinionNewsArticle)$/;
const scriptsMax = 20;

/** The first article among a page's JSON-LD, or nothing; a block that is no JSON is looked past. */
export function readLinkedArticle(document: Page): LinkedArticle | undefined {
  const scripts = [...document.querySelectorAll('script[type="application/ld+json"]')].slice(0, scriptsMax);
  const article = scripts
    .flatMap((script) => nodesOf(parse(script.textContent ?? '')))
    .find((node) => textsOf(node['@type']).some((type) => articleTypes.test(type)));
  if (!article) return undefined;
  return {
    url: textsOf(article.url)[0] ?? textsOf(article.mainEntityOfPage, '@id')[0],
    headline: textsOf(article.headline)[0] ?? textsOf(article.name)[0],
    description: textsOf(article.description)[0],
    authors: textsOf(article.author, 'name'),
    image: imageOf(article.image),
    published: textsOf(article.datePublished)[0],
    section: textsOf(article.articleSection)[0],
    keywords: textsOf(article.keywords).flatMap((words) => words.split(',')),
    lang: textsOf(article.inLanguage, 'alternateName')[0],
  };
}

type Node = Record<string, unknown>;

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A block is one node, a list of nodes, or a graph of them. */
function nodesOf(value: unknown): Node[] {
  return [value].flat().flatMap((one) => {
    if (!isNode(one)) return [];
    return [one, ...[one['@graph']].flat().filter(isNode)];
  });
}

/** The texts in a value that may be a text, a node that has the text under a key, or a list of either. */
function textsOf(value: unknown, key?: string): string[] {
  return [value].flat().flatMap((one) => {
    if (typeof one === 'string') return one.trim() === '' ? [] : [one];
    return key !== undefined && isNode(one) ? textsOf(one[key]) : [];
  });
}

function imageOf(value: unknown): FoundImage | undefined {
  const image = [value].flat()[0];
  if (typeof image === 'string') return { url: image };
  if (!isNode(image)) return undefined;
  const url = textsOf(image.url)[0] ?? textsOf(image.contentUrl)[0];
  if (url === undefined) return undefined;
  return {
    url,
    alt: textsOf(image.caption)[0],
    width: pixelsOf(image.width),
    height: pixelsOf(image.height),
  };
}

function pixelsOf(value: unknown): number | undefined {
  const text = isNode(value) ? value.value : value;
  const count = Number.parseInt(String(text), 10);
  return Number.isNaN(count) ? undefined : count;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
