import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseStories, type Quotas, type Weighed } from '../../src/editions/choose.ts';

const quotas: Quotas = {
  languages: ['en'],
  marked: [],
  sections: [
    { key: 'politics', min: 0, max: 2 },
    { key: 'world', min: 0, max: 1 },
  ],
  sectionsMax: 5,
  storiesMin: 4,
  storiesMax: 12,
  briefsMax: 1,
  leadNeedsImage: true,
};

function story(storyId: number, more: Partial<Weighed> = {}): Weighed {
  return {
    storyId,
    title: `Headline number ${storyId}`,
    section: 'politics',
    pictured: false,
    priority: 0,
    sourceWeight: 0,
    publishedAt: new Date(Date.UTC(2026, 6, 14, storyId)),
    languages: ['en'],
    barred: undefined,
    carried: false,
    ...more,
  };
}

function placeOf(choice: ReturnType<typeof chooseStories>, storyId: number): string | undefined {
  return choice.placed.find((one) => one.storyId === storyId)?.place;
}

describe('choosing the stories of an edition', () => {
  it('leads with the newest story that has a picture, and fills sections, then briefs, then carries over', () => {
    const stories = [
      story(1),
      story(2, { pictured: true }),
      story(3),
      story(4),
      story(5),
      story(6, { section: 'world' }),
    ];
    const choice = chooseStories(stories, quotas);
    expect(placeOf(choice, 2)).toBe('lead');
    expect([5, 4].map((id) => placeOf(choice, id))).toEqual(['section', 'section']);
    expect(placeOf(choice, 6)).toBe('section');
    expect(placeOf(choice, 3)).toBe('brief');
    expect(placeOf(choice, 1)).toBe('carried');
    expect(choice.thin).toEqual([]);
  });

  it('fills no more sections than the recipe allows, the newsletter’s first ones first', () => {
    const stories = [
      story(1, { section: 'world' }),
      story(2, { section: 'world' }),
      story(3),
      story(4),
      story(9, { pictured: true }),
    ];
    const choice = chooseStories(stories, { ...quotas, sectionsMax: 1 });
    expect(choice.placed.filter((one) => one.place === 'section').map((one) => one.section)).toEqual([
      'politics',
      'politics',
    ]);
    expect(placeOf(choice, 2)).toBe('brief');
  });

  it('puts an editor’s priority before everything else', () => {
    const choice = chooseStories(
      [story(9, { pictured: true }), story(1, { pictured: true, priority: 2 })],
      quotas,
    );
    expect(placeOf(choice, 1)).toBe('lead');
  });

  it('leaves out a story that says the same as a better one, and says which', () => {
    const choice = chooseStories(
      [story(1, { title: 'Senate passes budget' }), story(2, { title: 'Senate passes BUDGET!' })],
      quotas,
    );
    const excluded = choice.placed.find((one) => one.place === 'excluded');
    expect(excluded).toMatchObject({ storyId: 1, reason: 'tells the same as story 2' });
  });

  it('calls a day thin per language', () => {
    const both = { ...quotas, languages: ['en', 'id'] };
    const stories = [1, 2, 3, 4].map((id) =>
      story(id, { section: id % 2 ? 'world' : 'politics', pictured: true }),
    );
    const indonesian = story(8, { languages: ['id'] });
    expect(chooseStories([...stories, story(5, { pictured: true }), indonesian], both).thin).toEqual(['id']);
  });

  it('counts quotas per language and keeps the place of a shared story', () => {
    const both = { ...quotas, languages: ['en', 'id'], storiesMin: 2 };
    const shared = story(9, { languages: ['en', 'id'], pictured: true });
    const stories = [
      shared,
      ...[1, 2].map((id) => story(id)),
      ...[3, 4].map((id) => story(id, { languages: ['id'] })),
    ];
    const choice = chooseStories(stories, both);
    expect(placeOf(choice, 9)).toBe('lead');
    expect([1, 2, 3, 4].map((id) => placeOf(choice, id))).toEqual([
      'section',
      'section',
      'section',
      'section',
    ]);
    expect(choice.placed.filter((one) => one.place === 'lead')).toHaveLength(1);
  });

  it('O10 says of a story without a place whether its section is full, unknown or too thin, or the edition is full', () => {
    const reasons = (stories: Weighed[], more: Partial<Quotas>) =>
      chooseStories(stories, { ...quotas, briefsMax: 0, ...more })
        .placed.filter((one) => one.place === 'carried')
        .map((one) => one.reason);
    expect(reasons([story(5), story(4), story(3), story(2)], {})).toEqual(['did not fit: politics is full']);
    expect(reasons([story(5), story(4, { section: 'sport' }), story(3, { section: undefined })], {})).toEqual(
      ['did not fit: the newsletter has no section sport', 'did not fit: it has no section'],
    );
    const sections = [{ key: 'politics', min: 2, max: 4 }];
    expect(reasons([story(5), story(4)], { sections })).toEqual([
      'did not fit: politics has fewer than 2 stories',
    ]);
    expect(reasons([story(5), story(4), story(3)], { storiesMax: 2 })).toEqual([
      'did not fit: the edition is full',
    ]);
  });

  it('O10 gives the same choice for the same stories in any order, each story once and with a reason', () => {
    const arbitrary = fc.uniqueArray(
      fc.record({
        storyId: fc.integer({ min: 1, max: 60 }),
        title: fc.constantFrom(
          'Senate passes budget',
          'Court hears appeal',
          'Storm closes capital',
          'Envoy visits Jakarta',
        ),
        section: fc.constantFrom('politics', 'world', 'sport', undefined),
        pictured: fc.boolean(),
        priority: fc.integer({ min: 0, max: 3 }),
        languages: fc.constantFrom(['en'], ['id'], ['en', 'id']),
        barred: fc.constantFrom(undefined, undefined, 'never in digests'),
        hour: fc.integer({ min: 0, max: 30 }),
      }),
      { selector: (one) => one.storyId, maxLength: 30 },
    );
    fc.assert(
      fc.property(arbitrary, fc.integer(), (made, seed) => {
        const stories = made.map(({ hour, title, ...rest }) =>
          story(rest.storyId, {
            ...rest,
            title: `${title} ${rest.storyId % 7}`,
            publishedAt: new Date(hour * 3_600_000),
          }),
        );
        const both = { ...quotas, languages: ['en', 'id'] };
        const shuffled = [...stories].sort(
          (a, b) => ((a.storyId * 7919) ^ seed) - ((b.storyId * 7919) ^ seed),
        );
        const choice = chooseStories(stories, both);
        expect(chooseStories(shuffled, both)).toEqual(choice);
        expect(choice.placed.map((one) => one.storyId).sort()).toEqual(
          stories.map((one) => one.storyId).sort(),
        );
        expect(choice.placed.every((one) => one.reason.length > 0)).toBe(true);
        for (const language of both.languages) {
          const shown = choice.placed.filter((one) =>
            stories.some((made) => made.storyId === one.storyId && made.languages.includes(language)),
          );
          expect(
            shown.filter((one) => one.place === 'section' && one.section === 'politics').length,
          ).toBeLessThanOrEqual(4);
        }
      }),
    );
  });
});
