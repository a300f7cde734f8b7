import type { SiteLang } from './site.tsx';

export interface Reader {
  name: string;
  email: string;
  lang: SiteLang;
  /** Ticks the box for offers, which is a consent of its own. */
  marketing: boolean;
}

export const rina: Reader = { name: 'Rina', email: 'rina@example.com', lang: 'id', marketing: false };
export const tom: Reader = { name: 'Tom', email: 'tom@example.org', lang: 'en', marketing: true };
/** Leaves before the edition. */
export const lee: Reader = { name: 'Lee', email: 'lee@example.net', lang: 'en', marketing: false };

export const readers: readonly Reader[] = [rina, tom, lee];
