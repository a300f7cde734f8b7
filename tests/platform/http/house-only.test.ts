import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { answerFaults } from '../../../src/platform/http/answer.ts';
import type { GuardEnv } from '../../../src/platform/http/guard.ts';
import { houseOnly, isLoopback } from '../../../src/platform/http/house-only.ts';
import { openLog } from '../../../src/platform/log.ts';

async function asked(clientAddress: string, trustedProxies: string[], headers: Record<string, string> = {}) {
  const app = new Hono<GuardEnv>();
  answerFaults(app, { log: openLog({ level: 'silent' }), drawFault: () => '' as never });
  app.use(async (c, next) => {
    c.set('clientAddress', clientAddress);
    await next();
  });
  app.use('/trap/*', houseOnly({ trustedProxies }));
  app.get('/trap', (c) => c.text('letters'));
  app.get('/trap/:id', (c) => c.text('a letter'));
  const answers = await Promise.all(['/trap', '/trap/1'].map((path) => app.request(path, { headers })));
  return answers.map((answer) => answer.status);
}

it('shows what is the house’s to the house, and nothing to the open internet', async () => {
  expect(await asked('127.0.0.1', [])).toEqual([200, 200]);
  expect(await asked('172.17.0.1', [])).toEqual([200, 200]);
  expect(await asked('8.8.8.8', [])).toEqual([404, 404]);
  expect(await asked('2606:4700::1111', ['10.0.0.0/8'])).toEqual([404, 404]);
});

it('shows nothing through a proxy that nobody named, whose own address is all that is seen', async () => {
  const headers = { 'X-Forwarded-For': '10.1.2.3' };
  expect(await asked('10.0.0.2', [], headers)).toEqual([404, 404]);
  expect(await asked('10.1.2.3', ['10.0.0.2'], headers)).toEqual([200, 200]);
});

it('knows which hosts only their own machine reaches', () => {
  expect(['127.0.0.1', '127.8.0.9', 'localhost', '::1'].map(isLoopback)).toEqual([true, true, true, true]);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org'].map(isLoopback)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
