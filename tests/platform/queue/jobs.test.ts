import { expect, test } from 'vitest';
import { idsPerJobMax, jobId, jobNames, jobs, perJob, queueNames } from '../../../src/platform/queue/jobs.ts';

test('the id of a job says its name and its rows, the same each time', () => {
  expect(jobId('deliver', { batchNo: 3, editionId: 12 })).toBe('deliver-12-3');
  expect(jobId('rescue', {})).toBe('rescue');
  const slot = { newsletterId: 1, kind: 'regular', slotDate: '2026-07-14', seq: 2 } as const;
  expect(jobId('assemble', slot)).toBe('assemble-1-regular-2026-07-14-2');
});

test('a payload carries ids and nothing else', () => {
  expect(() => jobId('deliver', { editionId: 12, batchNo: 0 })).toThrow();
  expect(() => jobId('answer-sign-up', { signUpIds: [1], email: 'r@example.com' } as never)).toThrow();
  expect(() => jobId('answer-sign-up', { signUpIds: ['1'] } as never)).toThrow();
});

test('many rows share a job, up to a hundred', () => {
  const rows = Array.from({ length: 220 }, (_, n) => n + 1);
  const groups = perJob(rows);
  expect(groups.map((group) => group.length)).toEqual([100, 100, 20]);
  expect(groups.flat()).toEqual(rows);
  expect(perJob([])).toEqual([]);
  expect(jobId('answer-sign-up', { signUpIds: [7] })).toBe('answer-sign-up-7');
  expect(jobId('answer-sign-up', { signUpIds: groups[2] ?? [] })).toBe('answer-sign-up-201-220-20');
  expect(() => jobId('answer-sign-up', { signUpIds: rows.slice(0, idsPerJobMax + 1) })).toThrow();
  expect(() => jobId('answer-sign-up', { signUpIds: [] })).toThrow();
});

test('no name has a colon, with which BullMQ parts its keys', () => {
  for (const name of [...jobNames, ...queueNames]) expect(name).toMatch(/^[a-z][a-z-]+$/);
  for (const name of jobNames) expect(queueNames).toContain(jobs[name].queue);
});
