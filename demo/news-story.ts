import type { Motif } from './picture.ts';

/** One story of the demo's news site. All of them are made up. */
export interface NewsStory {
  /** Its address on the site: `/en/<slug>`. */
  slug: string;
  /** What the site calls its section, in its own language. */
  section: string;
  headline: string;
  dek: string;
  author: string;
  paragraphs: readonly string[];
  /** How long before the start of the demo it was published. */
  minutesAgo: number;
  picture?: { motif: Motif; seed: number; alt: string };
}
