import type { SignUp, WordingRow } from './sign-up-queries.ts';

export interface MergedForm {
  newsletterIds: number[];
  marketing: boolean;
  wordingIds: number[];
}

/**
 * What one letter asks for when several forms are open: every newsletter in `wanted`, each with the wording of the newest
 * form that named it, and the marketing box as the newest form has it. Pure.
 */
export function mergeForms(
  forms: readonly Pick<SignUp, 'id' | 'newsletterIds' | 'marketing' | 'wordingIds'>[],
  wordings: readonly WordingRow[],
  wanted: ReadonlySet<number>,
): MergedForm {
  const newestFirst = [...forms].sort((a, b) => b.id - a.id);
  const newsletterIds: number[] = [];
  const wordingIds: number[] = [];
  for (const form of newestFirst) {
    for (const newsletterId of form.newsletterIds) {
      if (!wanted.has(newsletterId) || newsletterIds.includes(newsletterId)) continue;
      newsletterIds.push(newsletterId);
      wordingIds.push(...shown(form, wordings, 'newsletter', newsletterId));
    }
  }
  const [newest] = newestFirst;
  const marketing = newest?.marketing ?? false;
  if (newest && marketing) wordingIds.push(...shown(newest, wordings, 'marketing', undefined));
  return { newsletterIds, marketing, wordingIds: [...new Set(wordingIds)] };
}

function shown(
  form: Pick<SignUp, 'wordingIds'>,
  wordings: readonly WordingRow[],
  purpose: WordingRow['purpose'],
  newsletterId: number | undefined,
): number[] {
  const own = wordings.filter((one) => form.wordingIds.includes(one.id) && one.purpose === purpose);
  const found = purpose === 'marketing' ? own[0] : own.find((one) => one.newsletterId === newsletterId);
  return found ? [found.id] : [];
}
