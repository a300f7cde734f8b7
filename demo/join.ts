import { look, press } from './browser.ts';
import { readers, rina } from './readers.ts';
import { type Scene, stateOf } from './scene.ts';
import type { SiteLang } from './site.tsx';

/** Each reader fills in the box of an article, as a browser without scripts would. */
export async function signUp({ stage, narrator }: Scene): Promise<void> {
  for (const reader of readers) {
    const article = await look(stage.site.article(reader.lang));
    const answers = { email: reader.email, ...(reader.marketing && { marketing: 'yes' }) };
    const { status, location, page } = await press(article, (action) => action.includes('/s/'), answers);
    if (reader === rina) narrator.step('Rina, Tom and Lee sign up by the box, without a script.', location);
    const who = reader.name;
    narrator.expect(status === 303, `the form of ${who} is answered ${status} and not 303`);
    narrator.expect(!decodeURIComponent(location).includes('@'), `the address of ${who} stands in a URL`);
    narrator.expect(page.text.includes(checkInbox[reader.lang]), `${who} is not told to check the inbox`);
    narrator.expect(page.text.includes(reader.email), `${who} cannot see a mistyped address`);
  }
  narrator.note(
    'Rina reads Indonesian. Tom ticks the box for offers. All three see the same words: check your inbox.',
  );
}

const checkInbox: Record<SiteLang, string> = { en: 'Check your inbox', id: 'Periksa kotak masuk Anda' };

/** Each opens the link in the mail, which changes nothing, and presses the button, which does. */
export async function confirm(scene: Scene): Promise<void> {
  const { stage, narrator } = scene;
  for (const reader of readers) {
    const mail = await stage.inbox.wait('confirmation', reader.email);
    if (reader === rina) narrator.step('A confirmation mail reaches each of them over SMTP.', mail.url);
    const url = /https?:\S+\/confirm\/[\w-]+(?=\s|$)/.exec(mail.text)?.[0] ?? '';
    narrator.expect(mail.header('list-unsubscribe').length === 0, 'a confirmation offers to unsubscribe');
    const page = await look(url);
    narrator.expect(
      (await stateOf(scene, reader)) === 'pending',
      `looking at the link confirmed ${reader.name}`,
    );
    const { status, page: done } = await press(
      page,
      (action) => new URL(action).pathname === new URL(url).pathname,
    );
    narrator.expect(
      status === 303 && done.status === 200,
      `the confirmation of ${reader.name} is answered ${status}`,
    );
    narrator.expect((await stateOf(scene, reader)) === 'active', `${reader.name} is not subscribed`);
    if (reader === rina) narrator.note(`The page behind its button: ${url}`);
  }
  narrator.note('Opening the link changed nothing; pressing the button made each of them a subscriber.');
  await checkConsents(scene);
}

/** The tick for offers is a consent of its own, kept with the words that were shown; without a tick there is none. */
async function checkConsents({ api, narrator }: Scene): Promise<void> {
  for (const { name, email, marketing } of readers) {
    const { data } = await api.get<{ data: Consent[] }>(`/v1/subscribers/${email}/consents`);
    const given = data.filter((one) => one.act === 'given');
    const offers = given.filter((one) => one.purpose === 'marketing');
    narrator.expect(given.length - offers.length === 1, `${name} has no consent to the newsletter on record`);
    narrator.expect(
      offers.length === (marketing ? 1 : 0),
      `${name} has ${offers.length} consents to offers on record`,
    );
    if (offers[0]) narrator.note(`${name} also agreed to: “${offers[0].wording?.text}”`);
  }
}

interface Consent {
  purpose: 'newsletter' | 'marketing';
  act: 'given' | 'withdrawn';
  wording: { text: string } | null;
}
