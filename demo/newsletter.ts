import type { NewsletterInput, PublisherDocument } from '../src/newsletters/document.ts';
import type { Site } from './site.tsx';
import { newsletterName } from './stage.ts';

/** Who publishes. */
export function publisherOf(site: Site): PublisherDocument {
  return {
    name: 'Example Media',
    legal_name: 'Example Media Ltd.',
    postal_address: '1200 Example Avenue NW, Washington, DC 20005',
    privacy_url: `${site.origin}/privacy`,
    from_name: 'Example Media',
    from_email: 'news@news.example.org',
    languages: ['en', 'id'],
    time_zone: timeZone,
  };
}

/** *Inside Washington*: weekdays at seven in Washington, in English and Indonesian. */
export function newsletterOf(site: Site, today: string): NewsletterInput {
  return {
    slug: 'inside-washington',
    name: newsletterName,
    promise: {
      en: 'US politics, reported and explained from the capital, every weekday morning.',
      id: 'Politik Amerika Serikat, diliput dan dijelaskan dari ibu kotanya, setiap pagi hari kerja.',
    },
    languages: ['en', 'id'],
    from_email: 'inside-washington@news.example.org',
    reply_to: 'desk@news.example.org',
    time_zone: timeZone,
    // Today's edition is sent by hand in the story, whatever the hour is: the calendar begins tomorrow.
    calendar: { days: [1, 2, 3, 4, 5], time: '07:00', skip_dates: [today] },
    recipe: { briefs_max: 3 },
    sections: [
      { key: 'politics', label: { en: 'Politics', id: 'Politik' }, max: 2 },
      { key: 'economy', label: { en: 'Economy', id: 'Ekonomi' }, max: 2 },
      { key: 'world', label: { en: 'World', id: 'Dunia' }, max: 2 },
      { key: 'culture', label: { en: 'Culture', id: 'Budaya' }, max: 2 },
    ],
    lang_gap: 'omit',
    allowed_origins: [site.origin],
  };
}

/** From the names that the Indonesian feed gives its sections to the newsletter's own. */
export const indonesianSections = {
  Politik: 'politics',
  Ekonomi: 'economy',
  Dunia: 'world',
  Budaya: 'culture',
};

const timeZone = 'America/New_York';

/** The date in Washington: the name of today's edition. */
export function dateInWashington(): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(new Date());
}
