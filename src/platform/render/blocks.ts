// A mail is rendered once per language, with marks around what not every reader gets. Cutting it at the marks and joining
// what one group of readers is to have costs string joins, and no MJML.

// Noncharacters: `clean` takes them out of every text, so only a template can have written them.
const open = '\ufdd2';
const named = '\ufdd3';
const close = '\ufdd4';

/** A rendered text cut at its marks: fixed text, and blocks, which may hold blocks. */
export type Piece = string | { name: string; pieces: Piece[] };

/** `keep` a block as it is, `drop` it, or put other words in its place. */
export type Fate = 'keep' | 'drop' | { text: string };

/** The mark that opens a block, as templates print it. */
export function openBlock(name: string): string {
  return `${open}${name}${named}`;
}

/** The mark that ends the block opened last. */
export const closeBlock = close;

/** Cuts a marked text. Throws when a mark has no partner, which is a fault in a template. */
export function cutBlocks(marked: string): Piece[] {
  const root: Piece[] = [];
  const stack = [{ name: '', pieces: root }];
  for (const part of marked.split(/(\ufdd2[^\ufdd2-\ufdd4]*\ufdd3|\ufdd4)/)) {
    const inner = stack.at(-1);
    if (!inner) break;
    if (part.startsWith(open)) {
      const block = { name: part.slice(1, -1), pieces: [] };
      inner.pieces.push(block);
      stack.push(block);
    } else if (part === close) stack.pop();
    else if (part !== '') inner.pieces.push(part);
  }
  if (stack.length !== 1)
    throw new Error('a template opens a block and does not end it, or ends one too many');
  return root;
}

/** Joins the pieces again, each block as `fate` says; `written` makes other words fit into the text. Pure. */
export function joinBlocks(
  pieces: readonly Piece[],
  fate: (name: string) => Fate,
  written: (text: string) => string,
): string {
  let joined = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      joined += piece;
      continue;
    }
    const what = fate(piece.name);
    if (what === 'keep') joined += joinBlocks(piece.pieces, fate, written);
    else if (what !== 'drop') joined += written(what.text);
  }
  return joined;
}

/** The text as it is without its marks. */
export function withoutMarks(marked: string): string {
  return marked.replace(/\ufdd2[^\ufdd2-\ufdd4]*\ufdd3|\ufdd4/g, '');
}

/** Bytes that each block takes, marks not counted. */
export function blockBytes(pieces: readonly Piece[]): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const piece of pieces) {
    if (typeof piece === 'string') continue;
    for (const [name, size] of blockBytes(piece.pieces)) bytes.set(name, size);
    bytes.set(piece.name, Buffer.byteLength(joinBlocks(piece.pieces, () => 'keep', String)));
  }
  return bytes;
}
