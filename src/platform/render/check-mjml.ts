/**
 * What MJML would pass over in silence: a component that is never closed or closed twice (its content vanishes), and
 * `mj-include`, which would read files. One sentence per fault, with its line; none when all is well.
 */
export function mjmlFaults(mjml: string): string[] {
  const faults: string[] = [];
  const open: { tag: string; line: number }[] = [];
  const source = mjml.replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ' '));
  let line = 1;
  let counted = 0;
  for (const match of source.matchAll(/<(\/?)(mj[a-z-]+)\b((?:"[^"]*"|'[^']*'|[^"'<>])*)>/g)) {
    const [, slash, tag = '', attributes = ''] = match;
    for (; counted < match.index; counted++) if (source.charCodeAt(counted) === 10) line++;
    if (tag === 'mj-include') faults.push(`line ${line}: mj-include is refused; use {% render 'parts/…' %}`);
    else if (attributes.endsWith('/')) continue;
    else if (slash === '') open.push({ tag, line });
    else if (open.at(-1)?.tag === tag) open.pop();
    else {
      const last = open.at(-1);
      const inside = last ? `inside <${last.tag}> of line ${last.line}` : 'but nothing is open';
      return [...faults, `line ${line}: </${tag}> stands ${inside}`];
    }
  }
  for (const { tag, line: opened } of open) faults.push(`line ${opened}: <${tag}> is never closed`);
  return faults;
}
