import { digestPlaces } from '../platform/render/places.ts';

/** Places that a delivery fills: those of the template, and the mailto form of leaving. */
export const messagePlaces = [...digestPlaces, 'unsubscribe_mail'] as const;
