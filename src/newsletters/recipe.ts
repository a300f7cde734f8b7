/**
 * How an edition is put together. The sections, their order and their sizes are the newsletter's own rows; how much a source
 * weighs stands with the source.
 */
export interface Recipe {
  /** Older stories are left out, counted from their publication. */
  storyAgeMaxHours: number;
  /** Lead and section stories; a day with fewer is thin. */
  storiesMin: number;
  /** Lead and section stories, briefs apart. */
  storiesMax: number;
  /** Only a story with a described image leads, while there is one. */
  leadNeedsImage: boolean;
  briefsMax: number;
  /** Section groups in one edition. */
  sectionsMax: number;
}

/** One lead and at least three stories of the last three days: what a newsletter has until someone says otherwise. */
export const defaultRecipe: Readonly<Recipe> = {
  storyAgeMaxHours: 72,
  storiesMin: 4,
  storiesMax: 13,
  leadNeedsImage: true,
  briefsMax: 6,
  sectionsMax: 5,
};
