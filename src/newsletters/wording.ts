/** The exact words that a reader agreed to, kept as long as their consent. */
export interface Wording {
  id: number;
  purpose: 'newsletter' | 'marketing';
  version: string;
  lang: string;
  text: string;
}
