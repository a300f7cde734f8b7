import { look } from './browser.ts';
import { dateInWashington, newsletterOf, publisherOf } from './newsletter.ts';
import type { Scene } from './scene.ts';

/** Says who publishes, and opens the newsletter. */
export async function publishNewsletter(scene: Scene): Promise<void> {
  const { api, stage, narrator } = scene;
  await api.send('PUT', '/v1/publisher', publisherOf(stage.site));
  const input = newsletterOf(stage.site, dateInWashington());
  const { id, sign_up_url: url } = await api.send<{ id: string; sign_up_url: string }>(
    'POST',
    '/v1/newsletters',
    input,
  );
  scene.newsletterId = id;
  narrator.step(
    'Example Media publishes Inside Washington, in English and Indonesian. Its sign-up page is open.',
    url,
  );
  const page = await look(url);
  narrator.expect(
    page.status === 200 && page.text.includes(input.name),
    `the sign-up page answers ${page.status}`,
  );
}

/** Takes the box from the API and puts it into every article of the site. */
export async function pasteBoxes({ api, stage, narrator, newsletterId }: Scene): Promise<void> {
  for (const lang of ['en', 'id'] as const) {
    const { html } = await api.get<{ html: string }>(`/v1/newsletters/${newsletterId}/embed?lang=${lang}`);
    stage.site.paste(lang, html);
  }
  narrator.step('A news site pastes the sign-up box into its articles.', stage.site.article('en'));
  narrator.note(`In Indonesian: ${stage.site.article('id')}`);
}
