import { describe, expect, it } from 'vitest';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { hiddenLetters, openWashingtonPages, theBrief } from '../support/inside-washington.ts';
import { look, press, readVisit } from '../support/reader.ts';
import { confirmToken, mailsTo, sendDueLetters, subscriptionOf } from '../support/sign-ups.ts';
import { postFields } from '../support/web.ts';

const { web, washington } = await openWashingtonPages();
const brief = await theBrief(web.ctx, { promise: { en: 'Five stories at noon.' }, languages: ['en'] });
await hiddenLetters(web.ctx);

describe('the page of all newsletters', () => {
  it('R3 ticks none, or the one that the address names, and offers no private one', async () => {
    const page = await look(`${web.url}/s?lang=en`);
    expect(page.forms[0]?.fields).not.toHaveProperty('newsletter');
    expect(page.forms[0]?.fields).not.toHaveProperty('marketing');
    expect(page.text).toContain('Inside Washington');
    expect(page.text).toContain('Five stories at noon.');
    expect(page.text).not.toContain('Hidden Letters');
    const picked = await look(`${web.url}/s?lang=en&pick=the-brief`);
    expect(picked.forms[0]?.fields).toMatchObject({ newsletter: 'the-brief' });
    const hidden = await look(`${web.url}/s?lang=en&pick=hidden-letters`);
    expect(hidden.forms[0]?.fields).not.toHaveProperty('newsletter');
  });

  it('asks to choose one, with a way to the boxes and the address kept', async () => {
    const answer = await postTo([
      ['email', 'rina@example.com'],
      ['lang', 'en'],
      ['marketing', 'yes'],
    ]);
    const html = await answer.text();
    expect(answer.status).toBe(422);
    expect(html).toContain('<a href="#pick-inside-washington">Choose at least one newsletter.</a>');
    expect(html).toMatch(/<fieldset[^>]*aria-describedby="newsletters-error"/);
    const page = await readVisit(new Response(html), web.url);
    expect(page.forms[0]?.fields).toMatchObject({ email: 'rina@example.com', marketing: 'yes' });
    const scripted = await postTo([['email', 'rina@example.com']], { Accept: 'application/json' });
    expect([scripted.status, await scripted.json()]).toMatchObject([422, { code: 'nothing_chosen' }]);
  });

  it('sends one confirmation for all that were chosen, and the reader may still untick one', async () => {
    const email = 'several@gmail.com';
    const answer = await postTo([
      ['email', email],
      ['lang', 'en'],
      ['newsletter', 'inside-washington'],
      ['newsletter', 'the-brief'],
    ]);
    expect(answer.status).toBe(303);
    const sent = await look(web.url + answer.headers.get('location'));
    expect(sent.text).toContain(`We sent an email to ${email}.`);
    expect(sent.text).toContain('It comes from Example Media');
    expect(sent.text).toContain('“Finish signing up for emails from Example Media”');
    const again = await press(sent, {}, (form) => form.action.endsWith('/again'));
    expect(again.text).toContain('It comes from Example Media');

    const row = await web.ctx.db
      .selectFrom('sign_ups')
      .select(['id', 'newsletter_ids'])
      .where('email_key', '=', email)
      .orderBy('id')
      .executeTakeFirstOrThrow();
    expect(row.newsletter_ids).toEqual([washington.id, brief.id]);
    await answerSignUp(web.ctx, { signUpId: row.id });
    await sendDueLetters(web.ctx);
    const mails = await mailsTo(web.ctx, email);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toContain('Inside Washington');
    expect(mails[0]?.text).toContain('The Brief');

    const page = await look(`${web.url}/confirm/${await confirmToken(web.ctx, email)}`);
    expect(page.text).toContain('Choose what comes to your inbox.');
    const form = page.forms[0];
    const body = new URLSearchParams({ ...form?.fields, newsletter: String(brief.id) });
    await fetch(page.url, { method: 'POST', body, redirect: 'manual' });
    const person = await web.ctx.db
      .selectFrom('subscribers')
      .select('id')
      .where('email_key', '=', email)
      .executeTakeFirstOrThrow();
    expect(await subscriptionOf(web.ctx, person.id, brief.id)).toMatchObject({ state: 'active' });
    expect((await subscriptionOf(web.ctx, person.id, washington.id))?.state).not.toBe('active');
  });

  it('speaks the reader’s language to the end, as the publisher, though the first of them does not', async () => {
    const email = 'several.id@example.com';
    const chosen: [string, string][] = [
      ['lang', 'id'],
      ['newsletter', 'the-brief'],
      ['newsletter', 'inside-washington'],
    ];
    const wrong = await (await postTo([['email', 'several.id@'], ...chosen])).text();
    expect(wrong).toContain('Masukkan alamat email');
    const answer = await postTo([['email', email], ...chosen]);
    const sent = await look(web.url + answer.headers.get('location'));
    expect(sent.text).toContain('Periksa kotak masuk Anda');
    expect(sent.text).toMatch(/^Langsung ke isi ?Example Media/);
    const english = await look(`${sent.url}&lang=en`);
    const again = await press(english, {}, (form) =>
      new URL(form.action, web.url).pathname.endsWith('/again'),
    );
    expect(again.text).toContain('Sent again.');

    const { id } = await web.ctx.db
      .selectFrom('sign_ups')
      .select('id')
      .where('email_key', '=', email)
      .orderBy('id')
      .executeTakeFirstOrThrow();
    await answerSignUp(web.ctx, { signUpId: id });
    await sendDueLetters(web.ctx);
    expect((await mailsTo(web.ctx, email))[0]?.subject).toBe(
      'Selesaikan pendaftaran email dari Example Media',
    );
    const url = `${web.url}/confirm/${await confirmToken(web.ctx, email)}`;
    expect((await look(url)).text).toMatch(/^Langsung ke isi ?Example Media.*Tinggal satu ketukan/);
    const done = await look(url, { method: 'POST' });
    expect(done.text).toMatch(/^Langsung ke isi ?Example Media.*Anda sudah terdaftar/);
    for (const { fromEmail } of [washington, brief]) expect(done.text).toContain(fromEmail);
    // The Brief was ticked first, and comes on Mondays in the evening.
    expect(done.text).toMatch(/Edisi pertama .* besok.* 07[.:]00/);
    const list = await (await fetch(`${web.url}/s?lang=id`)).text();
    expect(list).toContain('<p lang="en">Five stories at noon.</p>');
  });

  it('keeps the choice through every mistake, and takes readers of a language that one of them lacks', async () => {
    const chosen: [string, string][] = [
      ['newsletter', 'inside-washington'],
      ['newsletter', 'the-brief'],
      ['lang', 'id'],
    ];
    const wrong = await postTo([['email', 'rina@'], ...chosen]);
    const html = await wrong.text();
    expect(wrong.status).toBe(422);
    expect(html.match(/name="newsletter"[^>]*checked/g)).toHaveLength(2);
    expect(html).toContain('Masukkan alamat email, misalnya nama@example.com');
    const doubt = await (await postTo([['email', 'rina@gmial.com'], ...chosen])).text();
    expect(doubt.match(/type="hidden" name="newsletter"/g)).toHaveLength(4);
    expect((await postTo([['email', 'rina@example.com'], ...chosen])).status).toBe(303);
    const closed = await postTo([
      ['email', 'rina@example.com'],
      ['newsletter', 'hidden-letters'],
    ]);
    expect(closed.status).toBe(404);
    expect(await closed.text()).toContain('value="rina@example.com"');
  });
});

const postTo = (fields: [string, string][], headers: Record<string, string> = {}) =>
  postFields(`${web.url}/s`, fields, headers);
