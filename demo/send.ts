import { look } from './browser.ts';
import type { Mail } from './inbox.ts';
import { lee, type Reader, readers } from './readers.ts';
import type { Counts, Scene } from './scene.ts';
import { until } from './until.ts';

/** A wrong expectation is refused; the right one lets the edition go, watched until its books close. */
export async function sendEdition(scene: Scene): Promise<void> {
  const { api, stage, narrator, edition } = scene;
  if (!edition) throw new Error('there is no edition to send');
  const path = `/v1/editions/${edition.id}/send`;
  const wrong = await api.ask<{ code?: string; detail?: string }>('POST', path, {
    expect_recipients: 41_233,
  });
  narrator.step('Somebody sends it expecting 41,233 readers and is refused.', `${stage.baseUrl}/docs`);
  narrator.note(`${wrong.status} ${wrong.body.code}: ${wrong.body.detail}`);
  narrator.expect(
    wrong.status === 409 && wrong.body.code === 'audience_changed',
    `a wrong expectation is answered ${wrong.status} ${wrong.body.code}`,
  );
  const { id } = await api.send<{ id: string }>('POST', path, { expect_recipients: 2, hold_seconds: 0 });
  const sent = await until('the end of the sending', async () => {
    const send = await api.get<{ state: string; counts: Counts }>(`/v1/sends/${id}`);
    scene.counts = send.counts;
    return send.state === 'sent' ? send : undefined;
  });
  const { counts } = sent;
  const settled = counts.accepted + counts.deferred + counts.refused + counts.skipped + counts.unknown;
  narrator.step(
    `Expecting 2, it goes out. Planned ${counts.planned}, accepted ${counts.accepted}: the books add up.`,
    edition.url,
  );
  narrator.expect(counts.planned === settled + counts.cancelled + counts.queued, 'the books do not add up');
  narrator.expect(
    counts.planned === 2 && counts.accepted === 2,
    `accepted are ${counts.accepted} of ${counts.planned}`,
  );
  const page = await look(edition.url);
  narrator.expect(page.status === 200, `the edition's page answers ${page.status}`);
}

/** What has arrived, and what has not: read from the mails as they came over SMTP. */
export async function readInbox(scene: Scene): Promise<void> {
  const { stage, narrator } = scene;
  const mails = await stage.inbox.mails();
  const digests = mails.filter((mail) => mail.kind === 'digest');
  narrator.step(
    `The inbox: a digest for Rina in Indonesian, one for Tom in English, none for Lee.`,
    stage.inbox.url,
  );
  for (const reader of readers) {
    const own = digests.filter((mail) => mail.to === reader.email);
    const wanted = reader === lee ? 0 : 1;
    narrator.expect(own.length === wanted, `${reader.name} has ${own.length} digests and not ${wanted}`);
    for (const mail of own) checkDigest(scene, reader, mail);
    if (own[0]) narrator.note(`${reader.name}: ${own[0].subject}`);
  }
  const ids = new Set(mails.map((mail) => mail.header('message-id')[0]));
  narrator.expect(ids.size === mails.length, 'two mails share a Message-ID');
  narrator.expect(
    mails.every((mail) => readers.every(({ email }) => email === mail.to || !mail.raw.includes(email))),
    "a mail holds another reader's address",
  );
}

function checkDigest({ narrator }: Scene, { name, lang }: Reader, mail: Mail): void {
  const once = ['List-Unsubscribe', 'List-Unsubscribe-Post', 'List-Id', 'Message-ID', 'Date', 'Precedence'];
  for (const header of once) {
    const count = mail.header(header).length;
    narrator.expect(count === 1, `the digest of ${name} has ${count} headers ${header}`);
  }
  const [whole, first, second] = mail.parts;
  narrator.expect(
    whole === 'multipart/alternative' && first === 'text/plain' && second === 'text/html',
    `the parts of the digest of ${name} are ${mail.parts.join(', ')}`,
  );
  narrator.expect(
    new RegExp(`<html[^>]+lang="${lang}"`).test(mail.html),
    `the digest of ${name} is not in ${lang}`,
  );
  const leave = /<(https?:[^>]+)>/.exec(mail.header('list-unsubscribe')[0] ?? '')?.[1] ?? '';
  narrator.expect(
    leave !== '' && mail.text.includes(leave) && mail.html.includes(leave),
    `the digest of ${name} has not the same way out in header, text and HTML`,
  );
}
