import type { Mail } from './inbox.ts';
import { lee, type Reader, readers, rina, tom } from './readers.ts';
import { type Scene, stateOf } from './scene.ts';

/** Lee leaves by the header of the welcome, before there is an edition. */
export async function leaveBefore(scene: Scene): Promise<void> {
  const { stage, narrator } = scene;
  const welcomes = await Promise.all(readers.map((reader) => stage.inbox.wait('welcome', reader.email)));
  const welcome = welcomes[readers.indexOf(lee)];
  if (!welcome) throw new Error('there is no welcome for Lee');
  narrator.step(
    'Each is welcomed. Lee changes his mind: one click in his mail program, and he is off the list.',
    welcome.url,
  );
  await clickOnce(scene, lee, welcome);
}

/** Tom leaves by the header of his digest. */
export async function leaveAfter(scene: Scene): Promise<void> {
  const { stage, narrator } = scene;
  const digest = await stage.inbox.wait('digest', tom.email);
  narrator.step(
    'Tom has read enough: one click, as his mail program does it, and no page in between.',
    digest.url,
  );
  await clickOnce(scene, tom, digest);
  narrator.expect((await stateOf(scene, rina)) === 'active', 'Rina is no longer subscribed');
  narrator.note('Rina stays.');
}

/** RFC 8058: a POST without cookies to the https link of the header, answered 200 with nothing in it. */
async function clickOnce(scene: Scene, reader: Reader, mail: Mail): Promise<void> {
  const { narrator } = scene;
  const link = /<(https?:[^>]+)>/.exec(mail.header('list-unsubscribe')[0] ?? '')?.[1];
  if (!link) throw new Error(`the ${mail.kind} to ${reader.name} has no way out in its headers`);
  const answer = await fetch(link, {
    method: 'POST',
    body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    redirect: 'manual',
  });
  const body = await answer.text();
  narrator.expect(
    answer.status === 200 && body === '',
    `one click of ${reader.name} is answered ${answer.status}`,
  );
  const state = await stateOf(scene, reader);
  narrator.note(`POST answered ${answer.status}, empty. ${reader.name} is ${state}.`);
  narrator.expect(state === 'unsubscribed', `${reader.name} is ${state} after leaving`);
}
