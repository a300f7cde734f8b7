const viewDepthMax = 20;

/**
 * Takes out of a text what no reader should meet: control characters, bidirectional overrides and isolates (they let a
 * title reorder the words around it, Unicode TR 36), noncharacters and halves of characters. Line ends and tabs become
 * spaces, so that a title cannot forge a line. The directional marks that Arabic and Hebrew need stay.
 * Safe to run twice.
 */
export function clean(text: string): string {
  return text
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
    .replace(/[\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb]/g, '')
    .replace(/\p{Noncharacter_Code_Point}/gu, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

/** A copy of a view in which every text is clean; its numbers, yes-or-noes and nulls stay as they are. */
export function cleanView(view: unknown, depth = 0): unknown {
  if (typeof view === 'string') return clean(view);
  if (depth > viewDepthMax) throw new Error(`a view is nested deeper than ${viewDepthMax} levels`);
  if (Array.isArray(view)) return view.map((item) => cleanView(item, depth + 1));
  if (typeof view !== 'object' || view === null) return view;
  return Object.fromEntries(Object.entries(view).map(([key, value]) => [key, cleanView(value, depth + 1)]));
}
