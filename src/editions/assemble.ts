import { type Candidate, findCandidates } from '../articles/candidates.ts';
import type { Context } from '../context.ts';
import { slotInstant } from '../newsletters/calendar.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { type Choice, chooseStories, type Quotas, type Weighed } from './choose.ts';
import type { Edition } from './edition.ts';
import { launch } from './launch.ts';
import { moveEdition } from './move.ts';
import * as queries from './queries.ts';
import { sectionIn, sectionsOf } from './sections.ts';
import { weeklySlotAt } from './weekly-slot.ts';
import { weighWeek } from './weigh-week.ts';

export type Assembled =
  /** Put together, or put together anew; it waits to be composed. */
  | { kind: 'drafted'; editionId: number; revision: number; changed: boolean; thin: string | undefined }
  /** Below the minimum at its slot: nothing goes out, and the stories wait for the next one. */
  | { kind: 'skipped'; editionId: number; reason: string }
  /** Below the minimum at its slot, and the newsletter wants a person to decide. */
  | { kind: 'held'; editionId: number; reason: string }
  /** An editor has touched it, or it is past changing. */
  | { kind: 'left'; editionId: number; reason: string };

/**
 * Puts the edition of a slot together from the newsletter's recipe: makes it if it is not there, chooses its stories, each
 * with a reason, and carries over what does not fit. Until an editor touches it, every run chooses anew; the run at or
 * after the slot is the last, and of the calendar's editions it decides about a thin day (about one that a person drafts,
 * the person does). The same stories give the same draft. Safe to run twice and by
 * two schedulers at once. Rings `compose` when there is something new to compose; an edition of the calendar that is
 * ready at its slot goes out.
 */
export async function assemble(
  ctx: Context,
  slot: {
    newsletterId: number;
    kind: 'regular' | 'weekly';
    slotDate: string;
    seq: number;
    scheduled?: boolean;
  },
): Promise<Assembled> {
  const now = ctx.clock.now();
  const newsletter = await getNewsletter(ctx.db, slot.newsletterId);
  const slotAt =
    (slot.kind === 'weekly' ? await weeklySlotAt(ctx.db, newsletter, slot.slotDate) : undefined) ??
    slotInstant(newsletter.calendar, slot.slotDate, newsletter.timeZone);
  const outcome = await ctx.db.transaction().execute(async (db) => {
    const { id } = await queries.putEdition(db, { ...slot, slotAt, scheduled: slot.scheduled ?? false }, now);
    const edition = await queries.lockEdition(db, id);
    if (!edition) throw new Error(`edition ${id} is gone`);
    if (slot.scheduled) await queries.markScheduled(db, id);
    return refresh(db, { edition, newsletter, now, scheduled: slot.scheduled ?? false });
  });
  ctx.log.info({ deed: 'assemble', newsletterId: newsletter.id, ...outcome }, `assemble: ${outcome.kind}`);
  if (outcome.kind === 'drafted') {
    await ctx.queues.ring('compose', { editionId: outcome.editionId, revision: outcome.revision });
  } else if (outcome.kind === 'left') {
    await launch(ctx, outcome.editionId);
  }
  return outcome;
}

async function refresh(
  db: Db,
  at: { edition: Edition; newsletter: Newsletter; now: Date; scheduled: boolean },
): Promise<Assembled> {
  const { edition, newsletter, now, scheduled } = at;
  const editionId = edition.id;
  if (!['draft', 'ready'].includes(edition.state)) return leave(edition, `it is ${edition.state}`);
  if (edition.touchedAt) return leave(edition, 'an editor has touched it');
  const { choice, cutoffAt } = await weigh(db, at);
  const changed =
    edition.cutoffAt === undefined || !same(await queries.editionStories(db, editionId), choice);
  const thin = isThin(choice, edition) ? thinReason(choice, newsletter) : undefined;
  // A week is told as it was; only one without any story is left out.
  const thinDay = edition.kind === 'weekly' ? 'skip' : newsletter.thinDay;
  const verdict = thin && scheduled && now >= edition.slotAt ? thinDay : 'short';
  // At its slot a thin day that may go out short is held by nothing any more.
  const held = now >= edition.slotAt && verdict === 'short' ? undefined : thin;
  if (changed) await queries.putStories(db, edition, choice.placed);
  await queries.noteAssembled(db, editionId, { cutoffAt, changed, held, now });
  if (edition.state === 'ready' && !changed && verdict === 'short') return leave(edition, 'nothing new');
  if (edition.state === 'ready') await moveEdition(db, editionId, ['ready'], 'draft', now);
  if (thin && verdict === 'hold') return { kind: 'held', editionId, reason: thin };
  if (thin && verdict === 'skip') return skip(db, { editionId, reason: thin, now });
  return { kind: 'drafted', editionId, revision: edition.revision + (changed ? 1 : 0), changed, thin };
}

async function skip(db: Db, at: { editionId: number; reason: string; now: Date }): Promise<Assembled> {
  await queries.giveBackStories(db, at.editionId);
  await moveEdition(db, at.editionId, ['draft'], 'skipped', at.now, {
    skipped_reason: at.reason,
    held_reason: null,
  });
  return { kind: 'skipped', editionId: at.editionId, reason: at.reason };
}

function leave(edition: Edition, reason: string): Assembled {
  return { kind: 'left', editionId: edition.id, reason };
}

async function weigh(
  db: Db,
  at: { edition: Edition; newsletter: Newsletter; now: Date },
): Promise<{ choice: Choice; cutoffAt: Date }> {
  const { edition, newsletter, now } = at;
  if (edition.kind === 'weekly') {
    return { choice: chooseFor(await weighWeek(db, at), newsletter), cutoffAt: now };
  }
  const { recipe } = newsletter;
  const carriedStoryIds = await queries.carriedStories(db, newsletter.id, edition.id);
  const candidates = await findCandidates(db, {
    since: await queries.lastCutoff(db, newsletter.id, edition.id),
    asOf: now,
    firstDeliveryAt: now > edition.slotAt ? now : edition.slotAt,
    languages: newsletter.languages,
    ageMaxHours: recipe.storyAgeMaxHours,
    carriedStoryIds,
  });
  const ids = candidates.map((candidate) => candidate.storyId);
  const used = await queries.usedStories(db, newsletter.id, ids, edition.id);
  const weighed = candidates.map((candidate) => toWeighed(candidate, newsletter, used));
  return { choice: chooseFor(weighed, newsletter), cutoffAt: now };
}

function toWeighed(candidate: Candidate, newsletter: Newsletter, used: ReadonlySet<number>): Weighed {
  const article = candidate.articles[0];
  const taken = used.has(candidate.storyId) ? 'another edition of this newsletter has it' : undefined;
  return {
    storyId: candidate.storyId,
    title: article?.title ?? '',
    section: sectionIn(newsletter, candidate.articles.find((one) => one.section)?.section),
    pictured: (article?.image?.alt ?? '') !== '',
    priority: candidate.priority,
    sourceWeight: candidate.sourceWeight,
    publishedAt: candidate.publishedAt,
    languages: Object.keys(candidate.byLang),
    barred: candidate.barred?.reason ?? taken,
    waits: candidate.barred?.kind === 'embargoed',
    carried: candidate.carried,
  };
}

/** A language with too few stories of its own is filled from the others, marked, before the day is called thin. */
function chooseFor(weighed: readonly Weighed[], newsletter: Newsletter): Choice {
  const { languages, recipe, langGap } = newsletter;
  const quotas: Quotas = {
    languages,
    sections: sectionsOf(newsletter),
    marked: langGap === 'mark' ? languages : [],
    sectionsMax: recipe.sectionsMax,
    storiesMin: recipe.storiesMin,
    storiesMax: recipe.storiesMax,
    briefsMax: recipe.briefsMax,
    leadNeedsImage: recipe.leadNeedsImage,
  };
  const first = chooseStories(weighed, quotas);
  if (first.thin.length === 0 || langGap === 'mark') return first;
  return chooseStories(weighed, { ...quotas, marked: first.thin });
}

function isThin(choice: Choice, { kind }: Edition): boolean {
  return kind === 'weekly' ? !choice.placed.some((one) => one.place === 'lead') : choice.thin.length > 0;
}

function thinReason(choice: Choice, newsletter: Newsletter): string {
  const count = choice.placed.filter((one) => one.place === 'lead' || one.place === 'section').length;
  return `${count} of at least ${newsletter.recipe.storiesMin} stories (${choice.thin.join(', ')})`;
}

function same(before: readonly queries.StoryRow[], choice: Choice): boolean {
  const told = (
    rows: readonly { storyId: number; place: string; section: string | undefined; position: number }[],
  ) =>
    [...rows]
      .map((row) => `${row.storyId} ${row.place} ${row.section ?? ''} ${row.position}`)
      .sort()
      .join('\n');
  return told(before) === told(choice.placed);
}
