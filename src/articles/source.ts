/** Where articles come from by themselves: a feed, or one page that is read again and again. */
export interface Source {
  id: number;
  kind: 'feed' | 'page';
  url: string;
  /** The section its articles belong to; `undefined` lets each article say. */
  section: string | undefined;
  /** For a page: its language. For a feed: that of items that do not say. */
  lang: string;
  /** From what the feed calls a section to what the newsletters call it. */
  sections: Readonly<Record<string, string>>;
  /** Weighs against other sources where two stories are of one priority. */
  weight: number;
  etag: string | undefined;
  lastModified: string | undefined;
  nextPollAt: Date;
  lastOkAt: Date | undefined;
  /** When it last brought an article that was not there. */
  lastItemAt: Date | undefined;
  /** In words, since the last poll that worked. */
  lastError: string | undefined;
  /** Polls that failed one after the other. */
  failures: number;
  silentAfterHours: number;
  createdAt: Date;
}

export interface SourceHealth {
  state: 'new' | 'ok' | 'silent' | 'failing';
  words: string;
}

const hourMs = 3_600_000;

/** How a source is doing, in a word and a sentence. */
export function healthOf(source: Source, now: Date): SourceHealth {
  if (source.lastError !== undefined) {
    const times = source.failures === 1 ? '' : ` (${source.failures} times in a row)`;
    return { state: 'failing', words: `${source.lastError}${times}` };
  }
  if (!source.lastOkAt) return { state: 'new', words: 'not asked yet' };
  const hoursSilent = Math.floor(
    (now.getTime() - (source.lastItemAt ?? source.createdAt).getTime()) / hourMs,
  );
  if (hoursSilent >= source.silentAfterHours) {
    return { state: 'silent', words: `nothing new for ${hoursSilent} hours` };
  }
  return { state: 'ok', words: `last asked ${source.lastOkAt.toISOString()}` };
}
