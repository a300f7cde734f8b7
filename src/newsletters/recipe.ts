import { z } from 'zod';

/**
 * How an edition is put together. The sections and their order are the newsletter's own rows; how much a source weighs
 * stands with the source.
 */
export const recipeSchema = z
  .strictObject({
    storyAgeMaxHours: z
      .int()
      .min(1)
      .max(24 * 31)
      .default(72)
      .describe('Older stories are left out, counted from their publication'),
    storiesMin: z
      .int()
      .min(1)
      .max(50)
      .default(4)
      .describe('Lead and section stories; below it the day is thin'),
    storiesMax: z.int().min(1).max(50).default(13).describe('Lead and section stories, briefs apart'),
    leadNeedsImage: z.boolean().default(true).describe('Prefer a story with a described image as the lead'),
    briefsMax: z.int().min(0).max(12).default(6),
    sectionsMax: z.int().min(1).max(8).default(5),
  })
  .refine((recipe) => recipe.storiesMin <= recipe.storiesMax, {
    message: 'must not be above storiesMax',
    path: ['storiesMin'],
  });

export type Recipe = z.infer<typeof recipeSchema>;

/** One lead and at least three stories from the last three days: what a newsletter has until someone says otherwise. */
export const defaultRecipe: Recipe = recipeSchema.parse({});
