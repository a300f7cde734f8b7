import { describe, expect, it } from 'vitest';
import { signToken } from '../../src/lib/signed-token.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { carryOutSpooled } from '../../src/subscribers/carry-out-spooled.ts';
import { erase } from '../../src/subscribers/erase.ts';
import { accessibilityFaults, chromiumPath, openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { look, press, readVisit } from '../support/reader.ts';
import { eventsOf, subscribe, subscriptionOf } from '../support/sign-ups.ts';
import { fromElsewhere, openDoor } from '../support/web.ts';

const { web, washington } = await openWashingtonPages();

describe('why a reader left', () => {
  it('R41 is asked after it is done, needed for nothing, and keeps nobody from undoing it', async () => {
    const { subscriberId, url } = await reader('why@example.com');
    const before = await subscriptionOf(web.ctx, subscriberId, washington.id);
    const asked = await look(`${url}?lang=en`);
    expect(asked.forms.some((form) => form.fields.act === 'why')).toBe(false);
    const done = await press(asked);
    expect(done.text).toContain('Done. No more Inside Washington.');
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    const isWhy = (form: { fields: Record<string, string> }) => form.fields.act === 'why';
    expect(done.forms.find(isWhy)?.fields).not.toHaveProperty('reason');

    await press(done, {}, isWhy);
    expect(await whyOf(subscriberId)).toEqual([]);
    const said = `Too long. Ask rina@example.com ${'x'.repeat(600)}`;
    const told = await press(done, { reason: 'too_many', said }, isWhy);
    expect(told.text).toContain('Thank you. We have noted it.');
    await press(done, { reason: 'other', said: 'twice' }, isWhy);
    const [why, second] = await whyOf(subscriberId);
    expect(second).toBeUndefined();
    expect(why).toMatchObject({ newsletter_id: washington.id, reason: 'too_many' });
    expect(JSON.stringify(why)).not.toContain('rina@');
    expect((why as { said: string }).said.length).toBeLessThanOrEqual(500);

    const restored = await press(told, {}, (form) => form.fields.act === 'undo');
    expect(restored.text).toContain('You get Inside Washington again');
    expect(await subscriptionOf(web.ctx, subscriberId, washington.id)).toEqual(before);
    await erase(web.ctx, { subscriberId, actor: 'test' });
    expect(await whyOf(subscriberId)).toEqual([null]);
  });

  it('is taken only with the link of that leaving, and as one of ours', async () => {
    const { subscriberId, url } = await reader('whose@example.com');
    const other = await press(await look((await reader('stranger.why@example.com')).url));
    const undo = new URL(other.url).searchParams.get('undo') ?? '';
    for (const fields of [
      { act: 'why', reason: 'other', said: 'forged' },
      { act: 'why', undo, reason: 'other', said: 'forged' },
    ] as Record<string, string>[]) {
      await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
    }
    expect(await whyOf(subscriberId)).toEqual([]);
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
  });

  it.skipIf(!chromiumPath)('R9 is asked on a page without a fault that axe can see', async () => {
    const { url } = await reader('axe@example.com');
    const done = await press(await look(url));
    const browser = await openBrowser();
    try {
      for (const [colorScheme, lang] of [
        ['light', 'en'],
        ['dark', 'id'],
      ] as const) {
        const context = await browser.newContext({ colorScheme, viewport: { width: 320, height: 640 } });
        const page = await context.newPage();
        await page.goto(`${done.url}&lang=${lang}`);
        expect(await page.locator('input[type=radio]').count()).toBe(5);
        expect(await page.locator('input[type=radio]:checked').count()).toBe(0);
        expect(await accessibilityFaults(page)).toEqual([]);
        await context.close();
      }
    } finally {
      await browser.close();
    }
  });
});

describe('staying, but less often', () => {
  it('R41 a quieter button makes it weekly, keeps topics and hour, and a weekly reader is not asked again', async () => {
    const { subscriberId, url } = await reader('less@example.com');
    await web.ctx.db
      .updateTable('subscriptions')
      .set({ topics: ['politics'], hour: 8 })
      .where('subscriber_id', '=', subscriberId)
      .execute();
    const page = await look(`${url}?lang=en`);
    expect(page.forms.map((form) => form.buttons[0])).toEqual([
      'Unsubscribe',
      'Weekly instead',
      'Pause 30 days',
      'Stop all Example Media emails',
    ]);
    const weekly = await press(page, {}, (form) => form.fields.act === 'weekly');
    expect(weekly.text).toContain('Inside Washington comes weekly now, on Friday');
    expect(await subscriptionOf(web.ctx, subscriberId, washington.id)).toMatchObject({
      state: 'active',
      frequency: 'weekly',
      weekly_day: 5,
      topics: ['politics'],
      hour: 8,
    });
    await press(page, {}, (form) => form.fields.act === 'weekly');
    expect((await eventsOf(web.ctx, subscriberId)).filter((kind) => kind === 'rhythm_changed')).toHaveLength(
      1,
    );
    const again = await look(`${url}?lang=id`);
    expect(again.forms.some((form) => form.fields.act === 'weekly')).toBe(false);
  });
});

describe('leaving while the database is away', () => {
  it('R41 shows the one button all the same, takes the wish, and carries it out later', async () => {
    const { subscriberId, url } = await reader('away@example.com');
    const nowhere = openDatabase(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
    const door = await openDoor({ ...web.ctx, db: nowhere.db });
    const page = await look(door.url + new URL(url).pathname, { headers: { 'Accept-Language': 'id' } });
    expect([page.status, page.text.includes('Berhenti menerima email ini?')]).toEqual([200, true]);
    expect(page.headers.get('cache-control')).toBe('no-store');
    const done = await press(page);
    expect([done.status, done.text.includes('Email ini tidak akan dikirim lagi.')]).toEqual([200, true]);
    const forged = await look(`${door.url}/u/nothing`, {
      method: 'POST',
      body: new URLSearchParams({ act: 'leave' }),
    });
    expect(forged.status).toBe(503);
    const pausing = await look(page.url, { method: 'POST', body: new URLSearchParams({ act: 'pause' }) });
    expect(pausing.status).toBe(503);
    await door.close();
    await nowhere.close();

    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
    expect(await carryOutSpooled(web.ctx)).toBe(1);
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    expect((await eventsOf(web.ctx, subscriberId)).filter((kind) => kind === 'unsubscribed')).toHaveLength(1);
  });
});

describe('while the site is being worked on', () => {
  it('R41 leaving works by page and by one click; everything else says 503, and forms keep what was typed', async () => {
    const door = await openDoor({ ...web.ctx, config: { ...web.ctx.config, maintenance: true } });
    for (const path of ['/', '/s', '/s/inside-washington', '/m', '/v1/openapi.json', '/embed/preview']) {
      const answer = await fetch(door.url + path);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '30']);
    }
    for (const path of ['/healthz', '/assets/dateline.css', '/embed/v1.js']) {
      expect((await fetch(door.url + path)).status).toBe(200);
    }
    const fields = { email: 'patient@example.com', marketing: 'yes', lang: 'en', src: 'article-box' };
    for (const path of ['/s/inside-washington', '/embed/inside-washington', '/s']) {
      const body = new URLSearchParams({ ...fields, newsletter: 'inside-washington' });
      const answer = await fetch(door.url + path, { method: 'POST', body, headers: fromElsewhere() });
      const page = await readVisit(answer, door.url + path);
      expect([page.status, page.forms[0]?.action]).toEqual([503, path]);
      expect(page.forms[0]?.fields).toMatchObject(fields);
    }

    const { subscriberId, url } = await reader('maintained@example.com');
    const path = new URL(url).pathname;
    const done = await press(await look(door.url + path));
    expect(done.text).toContain('Done. No more Inside Washington.');
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    await press(done, {}, (form) => form.fields.act === 'undo');
    const click = await fetch(door.url + path, {
      method: 'POST',
      body: new URLSearchParams('List-Unsubscribe=One-Click'),
    });
    expect([click.status, await click.text()]).toEqual([200, '']);
    await door.close();
  });
});

async function reader(email: string) {
  const { subscriberId } = await subscribe(web.ctx, email);
  const token = signToken(web.ctx.keyring, 'unsubscribe', [subscriberId, washington.id]);
  return { subscriberId, url: `${web.url}/u/${token}` };
}

async function whyOf(subscriberId: number): Promise<unknown[]> {
  const rows = await web.ctx.db
    .selectFrom('subscriber_events')
    .select('before')
    .where('subscriber_id', '=', subscriberId)
    .where('kind', '=', 'said_why')
    .orderBy('id')
    .execute();
  return rows.map((row) => row.before);
}
