/** An article as a reader of one format found it: nothing cleaned, nothing believed, everything optional. */
export interface FoundArticle {
  url?: string | undefined;
  guid?: string | undefined;
  title?: string | undefined;
  dek?: string | undefined;
  bodyHtml?: string | undefined;
  /** Plain text; used where there is no HTML. */
  bodyText?: string | undefined;
  authors?: readonly (string | undefined)[] | undefined;
  section?: string | undefined;
  tags?: readonly (string | undefined)[] | undefined;
  lang?: string | undefined;
  image?: FoundImage | undefined;
  published?: string | undefined;
  embargoUntil?: string | undefined;
  expires?: string | undefined;
  priority?: number | undefined;
  never?: boolean | undefined;
  /** The public id of the article in another language. */
  translationOf?: string | undefined;
}

export interface FoundImage {
  url: string;
  alt?: string | undefined;
  width?: number | undefined;
  height?: number | undefined;
}
