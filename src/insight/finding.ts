/** One thing that was looked at. */
export interface Finding {
  what: string;
  ok: boolean;
  found: string;
  /** What to do about it, when something is wrong. */
  mend: string | null;
}

export function finding(what: string, ok: boolean, found: string, mend: string): Finding {
  return { what, ok, found, mend: ok ? null : mend };
}
