import type { Db } from '../platform/db/database.ts';
import { composeMessage } from '../platform/mail/message.ts';
import { joinDigest } from '../platform/render/mail.ts';
import { type Blocks, blocksOf, versionsById } from './block-queries.ts';
import { messagePlaces } from './message-places.ts';
import { editionStories } from './queries.ts';
import { putVariant, variantId } from './variant-queries.ts';
import { type Audience, storiesOf, vary } from './vary.ts';

/** What one group of readers is to get; `sent` says what they were sent in the last days, by editions and by the welcome. */
export interface Wanted {
  lang: string;
  topics: readonly string[] | undefined;
  greeting: Audience['greeting'];
  sent: { variantIds: readonly number[]; storyIds: readonly number[] } | undefined;
}

/** Versions that an edition may have; past it rare groups go without their own greeting and without what they missed. */
const versionsMax = 1_000;

/**
 * Makes the versions of one edition that its readers need, each once, whichever readers come with it: string joins and one
 * encoding, no MJML. Content is fixed by then, so the same group always gets the same version; safe to run twice and at once.
 */
export class VersionMaker {
  #db: Db;
  #editionId: number;
  #blocks: Promise<Map<string, Blocks>>;
  #sent = new Map<number, Promise<readonly number[]>>();
  #made = new Map<string, Promise<number>>();

  constructor(db: Db, editionId: number) {
    this.#db = db;
    this.#editionId = editionId;
    this.#blocks = blocksOf(db, editionId).then((all) => new Map(all.map((one) => [one.lang, one])));
  }

  /**
   * @returns the variant's id; `undefined` when there is nothing in the edition that these readers have not been sent.
   */
  async variantFor(wanted: Wanted): Promise<number | undefined> {
    const blocks = (await this.#blocks).get(wanted.lang);
    // Composed before there were blocks: one variant per language.
    if (!blocks) return this.#stored(wanted.lang, { topics: '', greeting: '', catchUp: '' });
    const sent = wanted.sent && new Set(await this.#sentStories(wanted.sent));
    const crowded = this.#made.size >= versionsMax;
    const plain = crowded && blocks.facts.kind === 'regular';
    const version = vary(blocks.facts, wanted.lang, {
      topics: wanted.topics,
      greeting: crowded ? 'usual' : wanted.greeting,
      sent: plain ? undefined : sent,
    });
    if (!version) return undefined;
    const { topics, greeting, catchUp } = version;
    const name = [wanted.lang, topics, greeting, catchUp].join(' ');
    const making = this.#made.get(name) ?? this.#make(blocks, version);
    this.#made.set(name, making);
    making.catch(() => this.#made.delete(name));
    return making;
  }

  async #make(blocks: Blocks, version: NonNullable<ReturnType<typeof vary>>): Promise<number> {
    const { lang, marked, facts } = blocks;
    const { topics, greeting, catchUp, subject, preheader } = version;
    const known = await variantId(this.#db, { editionId: this.#editionId, lang, topics, greeting, catchUp });
    if (known !== undefined) return known;
    const { html, text } = joinDigest(marked, version.fate);
    const { from, replyTo, headers } = facts;
    const parts = {
      from,
      replyTo: { address: replyTo },
      subject,
      html,
      text,
      headers,
      places: messagePlaces,
    };
    return putVariant(this.#db, {
      editionId: this.#editionId,
      lang,
      topics,
      greeting,
      catch_up: catchUp,
      subject,
      preheader,
      // Kept once per language; of a version only what goes on the wire.
      html: '',
      text: '',
      mime: composeMessage(parts),
      htmlBytes: Buffer.byteLength(html),
      revision: 0,
    });
  }

  async #stored(
    lang: string,
    identity: { topics: string; greeting: string; catchUp: string },
  ): Promise<number> {
    const id = await variantId(this.#db, { editionId: this.#editionId, lang, ...identity });
    if (id === undefined) throw new Error(`edition ${this.#editionId} has no variant in ${lang}`);
    return id;
  }

  async #sentStories({ variantIds, storyIds }: NonNullable<Wanted['sent']>): Promise<number[]> {
    const ofVariants = await Promise.all(variantIds.map((id) => this.#storiesOfVariant(id)));
    return [...ofVariants.flat(), ...storyIds];
  }

  #storiesOfVariant(id: number): Promise<readonly number[]> {
    const found = this.#sent.get(id) ?? readStories(this.#db, id);
    this.#sent.set(id, found);
    found.catch(() => this.#sent.delete(id));
    return found;
  }
}

async function readStories(db: Db, id: number): Promise<readonly number[]> {
  const [version] = await versionsById(db, [id]);
  if (!version) return [];
  if (version.facts) return storiesOf(version.facts, version);
  const stories = await editionStories(db, version.editionId);
  return stories.filter((one) => ['lead', 'section', 'brief'].includes(one.place)).map((one) => one.storyId);
}
