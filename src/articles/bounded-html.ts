/** Real pages stay far below both; parsers need quadratic time, and stack, for what goes beyond. */
const depthMax = 200;
const tagsMax = 30_000;
const htmlCharsMax = 3_000_000;

const words = (text: string) => new Set(text.split(' '));
const empty = words('area base br col embed hr img input link meta param source track wbr');
const unparsed = words('script style textarea title xmp iframe noembed noframes');
const closesParagraph = words(
  'address article aside blockquote div dl fieldset footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section table ul',
);
/** What an opening tag ends when it stands directly inside it. */
const ends: Record<string, ReadonlySet<string>> = {
  li: words('li'),
  dt: words('dt dd'),
  dd: words('dt dd'),
  option: words('option'),
  tr: words('tr td th'),
  td: words('td th'),
  th: words('td th'),
};

/**
 * HTML up to where it nests deeper than 200 elements, has more than 30,000 tags or 3 million characters: the part before
 * is what is read. One pass over the text, whatever is in it.
 */
export function boundedHtml(html: string): string {
  const open: string[] = [];
  const tag = /<(?:(!--)|(\/?)([a-z][a-z0-9:-]*))/gi;
  for (let tags = 0; tags < tagsMax; tags++) {
    const match = tag.exec(html);
    if (!match || match.index > htmlCharsMax) return html.slice(0, htmlCharsMax);
    const name = (match[3] ?? '').toLowerCase();
    const end = match[1] ? html.indexOf('-->', tag.lastIndex) : html.indexOf('>', tag.lastIndex);
    if (end < 0) return html.slice(0, match.index);
    tag.lastIndex = end + 1;
    if (match[1] || empty.has(name)) continue;
    if (match[2]) {
      const at = open.lastIndexOf(name);
      if (at >= 0) open.length = at;
      continue;
    }
    if (unparsed.has(name)) {
      const closing = new RegExp(`</${name}`, 'gi');
      closing.lastIndex = end;
      if (!closing.exec(html)) return html.slice(0, match.index);
      tag.lastIndex = closing.lastIndex;
      continue;
    }
    const drawn = open.includes('svg') || open.includes('math');
    if (drawn && html[end - 1] === '/') continue;
    closeImplied(open, name);
    open.push(name);
    if (open.length > depthMax) return html.slice(0, match.index);
  }
  return html.slice(0, tag.lastIndex);
}

function closeImplied(open: string[], name: string): void {
  const ended = ends[name];
  if (ended) while (ended.has(open.at(-1) ?? '')) open.pop();
  else if (closesParagraph.has(name) && open.at(-1) === 'p') open.pop();
}
