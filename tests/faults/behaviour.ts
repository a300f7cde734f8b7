import { createHash } from 'node:crypto';

/** What befalls one kind of recipient at one step. */
export interface Rule {
  at: 'rcpt' | 'body' | 'dot';
  /** Only recipients of this domain. */
  domain?: string;
  /** Only so large a share of the recipients; which ones hangs on the address, so the same each time. */
  share?: number;
  /** Only the first time that a recipient comes by. */
  once?: boolean;
  /**
   * A reply, or the end of the connection: `drop` before the message is taken, `take-and-drop` when it has been taken and
   * the client is not told.
   */
  answer: string;
}

/** How the sink behaves from now on. */
export interface Behaviour {
  /** Between a final dot and its reply. */
  delayMs: number;
  /** Takes connections and says nothing, not even on those that are open. */
  black: boolean;
  /** After so many messages a connection hears 421 and is closed. */
  messagesMax: number | null;
  rules: Rule[];
}

export const wellBehaved: Behaviour = { delayMs: 15, black: false, messagesMax: null, rules: [] };

/** The rule that this recipient falls under at this step, if any. `seen` remembers the rules that apply once. */
export function ruleFor(
  rules: readonly Rule[],
  at: Rule['at'],
  recipient: string,
  seen: Set<string>,
): Rule | undefined {
  return rules.find((rule, index) => {
    if (rule.at !== at) return false;
    if (rule.domain !== undefined && !recipient.endsWith(`@${rule.domain}`)) return false;
    if (rule.share !== undefined && chance(`${index} ${recipient}`) >= rule.share) return false;
    const mark = `${index} ${recipient}`;
    if (rule.once && seen.has(mark)) return false;
    seen.add(mark);
    return true;
  });
}

/** A number from 0 up to 1 that a text always gets. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
