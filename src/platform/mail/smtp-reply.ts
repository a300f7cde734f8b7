/** Where in the dialogue a reply came, or the connection was lost. */
export type Phase = 'connect' | 'greeting' | 'ehlo' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'dot';

export type Reply = {
  readonly code: number;
  /** Enhanced status (RFC 3463) of the first line that carries one. */
  readonly status: string | undefined;
  /** All lines without code and status, joined by single spaces. Quotes the recipient: mask before storing. */
  readonly text: string;
};

export type ReplyClass =
  | 'accepted'
  | 'greylist'
  | 'rate'
  | 'recipient-rate'
  | 'auth'
  | 'reputation'
  | 'content'
  | 'protocol'
  | 'dead'
  | 'disabled'
  | 'full'
  | 'policy'
  | 'expired'
  | 'network'
  | 'unknown';

export type Disposition = 'accepted' | 'deferred' | 'refused';

const replyCharsMax = 500;

/** Reads the lines of one reply (`250-first`, `250 last`). Takes any lines without throwing. */
export function parseReply(lines: readonly string[]): Reply {
  let status: string | undefined;
  const texts: string[] = [];
  for (const line of lines) {
    const words = line.replace(/^\d{3}(?:[ -]|$)/, '').trim();
    const leading = /^#?([245]\.\d{1,3}\.\d{1,3})(?![.\d])\s*/.exec(words);
    status ??= leading?.[1] ?? /\(#([245]\.\d{1,3}\.\d{1,3})\)/.exec(words)?.[1];
    texts.push(leading ? words.slice(leading[0].length) : words);
  }
  const code = Number(/^\d{3}/.exec(lines[0] ?? '')?.[0] ?? 0);
  const text = texts
    .join(' ')
    .replace(/[\x00-\x20\x7f]+/g, ' ')
    .trim();
  return { code, status, text };
}

/** One line of at most 500 characters: code, status, text. Still holds addresses. */
export function replyText(reply: Reply): string {
  const words = [String(reply.code), reply.status, reply.text].filter(
    (word) => word !== undefined && word !== '',
  );
  return words
    .join(' ')
    .slice(0, replyCharsMax)
    .replace(/[\ud800-\udbff]$/, '');
}

/**
 * What a reply means for this message, and what kind of trouble it is.
 * 5xx is not "address dead": phase, code, status and text decide together, the first matching row wins.
 * A 4xx is tried again and a 5xx is not, except where the row itself says so.
 */
export function classifyReply(reply: {
  readonly phase: Phase;
  readonly code: number;
  readonly status?: string | undefined;
  readonly text: string;
}): { disposition: Disposition; class: ReplyClass } {
  // First, and without a look at its words: of a million replies nearly all are this one.
  if (reply.phase === 'dot' && reply.code >= 200 && reply.code < 300) {
    return { disposition: 'accepted', class: 'accepted' };
  }
  const seen = look(reply);
  const row = rows.find((candidate) => candidate.when(seen));
  return {
    disposition: row?.disposition ?? (seen.hard ? 'refused' : 'deferred'),
    class: row?.class ?? 'unknown',
  };
}

type Seen = {
  phase: Phase;
  code: number;
  hard: boolean;
  soft: boolean;
  /** Status without its class digit, since codes and classes are mixed in the wild (`421 5.7.32`). */
  detail: string;
  text: string;
  /** The reply can be about the recipient: its command was RCPT or later. */
  aboutRecipient: boolean;
};

type Row = { class: ReplyClass; disposition?: Disposition; when: (seen: Seen) => boolean };

function look(reply: { phase: Phase; code: number; status?: string | undefined; text: string }): Seen {
  return {
    phase: reply.phase,
    code: reply.code,
    hard: reply.code >= 500,
    soft: reply.code >= 400 && reply.code < 500,
    detail: reply.status?.slice(2) ?? '',
    text: reply.text,
    aboutRecipient: reply.phase === 'rcpt' || reply.phase === 'data' || reply.phase === 'dot',
  };
}

const rateDetails = new Set(['7.28', '7.650', '7.651', '3.2', '4.5', '5.3']);
const rateWords =
  /\[(?:IP)?TSS?0[1-6]\]|\bRP-00\d|OFR\w*_104|\[HCM\d\]|\[BS\d+\]|too many (?:concurrent )?(?:connections|messages)|per (?:connection|session)|unusual rate|rate.?limit|throttl|slow down|unexpected volume/i;
const disguisedRateWords = /frequency limited|too many (?:concurrent )?connections/i;
const authWords =
  /\bPTR\b|reverse dns|\brdns\b|\b(?:dmarc|dkim|spf)\b.{0,60}\b(?:fail|reject|polic|not pass)/i;
const linkListWords = /\bsurbl\b|\buribl\b|\.uribl\.|\bdbl\b/i;
const reputationWords =
  /reputation|black ?-?list|block(?:ed)? ?-?lists?\b|blacklistis|\bd?n?s?[bw]l\b|\brbl\b|dnsbl|\blisted\b|blocked (?:using|by)|spamhaus|sorbs|spamcop|barracuda|invaluement|\bS31[45]0\b|\b(?:OU|SC|DY)-00\d|\[?BL2\d|TSS07|banned|ipcheck/i;
const contentWords =
  /likely unsolicited|\[?\bPH01\b|virus|malware|phishing|looks like spam|spam message|message size/i;
const weakReputationWords =
  /\bblocked\b|\bspammer\b|\bbad ip\b|sending spam|client host rejected|access to (?:this|submit)|not allowed to connect|too many invalid recipients/i;
const headerWords =
  /RFC ?5322|duplicate headers?|multiple from|missing from|valid message-id|encoded-word|invalid header|bare lf/i;
const noSuchUserWords =
  /unknown (?:user|recipient|mailbox|account|address)|no such (?:user|recipient|mailbox|account|address|person)|(?:user|recipient|mailbox|account|address)\b.{0,60}(?:does not exist|doesn't exist|not found|unknown\b)|doesn't have an? \S+ account|not a valid (?:recipient|mailbox|user)|invalid (?:recipient|mailbox)|recipientnotfound|OFR_416/i;
const fullWords =
  /over ?quota|quota exceeded|exceeded.{0,20}quota|mailbox (?:is )?full|out of storage|OFR_417/i;
const idleWords = /inactive|disabled|deactivated|suspended/i;
const deadCodes = new Set([550, 551, 553, 554, 556]);
const deadDetails = new Set(['1.1', '1.2', '1.3', '1.6', '1.10', '7.17', '7.18']);

/**
 * In the order of the policy table. Two rows are split, because their weak words ("try again", "blocked")
 * also stand in replies that a later row names exactly; the weak half then comes after those rows.
 */
const rows: readonly Row[] = [
  { class: 'greylist', when: (r) => r.soft && /gr[ae]y.?list|postgrey/i.test(r.text) },
  {
    class: 'recipient-rate',
    disposition: 'deferred',
    when: (r) => /receiving (?:e-?)?mail (?:too quickly|at a rate)|rate that prevents/i.test(r.text),
  },
  {
    class: 'rate',
    disposition: 'deferred',
    when: (r) =>
      (r.soft && (rateDetails.has(r.detail) || rateWords.test(r.text))) || disguisedRateWords.test(r.text),
  },
  { class: 'auth', when: isOurAuthentication },
  { class: 'content', when: (r) => linkListWords.test(r.text) },
  { class: 'reputation', when: (r) => isBlockedSender(r.detail) || reputationWords.test(r.text) },
  { class: 'protocol', when: (r) => r.detail === '6.7' || r.detail === '6.9' },
  { class: 'content', when: isContent },
  { class: 'reputation', when: (r) => !deadDetails.has(r.detail) && isWeaklyReputation(r) },
  { class: 'protocol', when: isProtocol },
  { class: 'dead', when: isDead },
  { class: 'disabled', when: isDisabled },
  {
    class: 'full',
    when: (r) =>
      r.aboutRecipient &&
      (r.detail === '2.2' || r.detail === '2.3' || r.detail === '3.1' || fullWords.test(r.text)),
  },
  { class: 'expired', disposition: 'refused', when: (r) => r.detail === '4.7' },
  { class: 'network', disposition: 'deferred', when: isNetwork },
  { class: 'greylist', when: isWeaklyGreylisted },
  { class: 'policy', when: (r) => r.detail.startsWith('7.') || isPolicy(r) },
];

function isOurAuthentication(r: Seen): boolean {
  if (r.phase === 'auth' || [530, 534, 535, 538].includes(r.code)) return true;
  const number = subjectNumber(r.detail, '7.');
  // x.7.28 lies in this range and is a quota (4xx) or a block (5xx), not a failed check.
  if (number !== undefined && number >= 23 && number <= 32 && number !== 28) return true;
  if (number === 40 || number === 515) return true;
  if (number === 9 && /dmarc|policy reasons/i.test(r.text)) return true;
  return authWords.test(r.text);
}

function isBlockedSender(detail: string): boolean {
  const number = subjectNumber(detail, '7.');
  return number !== undefined && (number === 28 || number === 511 || (number >= 606 && number <= 649));
}

function isContent(r: Seen): boolean {
  if (contentWords.test(r.text)) return true;
  if (r.hard && (r.detail.startsWith('6.') || r.detail === '3.4')) return true;
  return r.code === 552 && r.detail === '7.0';
}

function isWeaklyReputation(r: Seen): boolean {
  return weakReputationWords.test(r.text) || (r.detail === '7.1' && /\bip\b/i.test(r.text));
}

function isProtocol(r: Seen): boolean {
  if (!r.hard) return false;
  if (r.code <= 504 || r.code === 555) return true;
  if (r.detail.startsWith('5.') || r.detail === '1.7' || r.detail === '1.8') return true;
  return headerWords.test(r.text);
}

function isDead(r: Seen): boolean {
  if (!r.hard || !r.aboutRecipient || fullWords.test(r.text)) return false;
  const saysSo = noSuchUserWords.test(r.text);
  if (r.phase === 'rcpt' && deadCodes.has(r.code)) {
    if (deadDetails.has(r.detail)) return true;
    if (r.detail === '4.4') return /host|domain|nxdomain/i.test(r.text);
    // Exchange Online's answer for a mailbox that its directory does not know.
    if (r.detail === '4.1') return /recipient address rejected: access denied/i.test(r.text);
  }
  return saysSo && (r.detail === '' || r.detail === '0.0' || deadDetails.has(r.detail));
}

function isDisabled(r: Seen): boolean {
  if (!r.hard || !r.aboutRecipient) return false;
  if (r.code === 525 || r.detail === '7.13' || r.detail === '2.1') return true;
  return idleWords.test(r.text) && (r.detail === '' || r.detail.startsWith('2.'));
}

function isNetwork(r: Seen): boolean {
  if (r.phase === 'connect' || r.phase === 'starttls') return true;
  if (r.soft && r.detail.startsWith('4.')) return true;
  if (/dns error|servfail/i.test(r.text)) return true;
  return r.code === 421 && !r.detail.startsWith('7.');
}

function isWeaklyGreylisted(r: Seen): boolean {
  if (!r.soft) return false;
  return /try again/i.test(r.text) || (r.phase === 'rcpt' && r.detail === '7.1');
}

/** A hard answer before RCPT cannot be about the reader, so it never counts as "unknown", which is counted. */
function isPolicy(r: Seen): boolean {
  if (r.hard && !r.aboutRecipient) return true;
  return /policy|relay(?:ing)? (?:access )?denied|allowed rcpthosts|not permitted|prohibited|rejected by this user/i.test(
    r.text,
  );
}

function subjectNumber(detail: string, subject: string): number | undefined {
  return detail.startsWith(subject) ? Number(detail.slice(subject.length)) : undefined;
}
