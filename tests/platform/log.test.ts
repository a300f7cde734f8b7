import { expect, it } from 'vitest';
import { openLog } from '../../src/platform/log.ts';

it('redacts what might be an address or a secret, in the line and in what lies in it, and leaves its object as it was', () => {
  const lines: string[] = [];
  const log = openLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const given = {
    deed: 'x',
    email: 'rina@example.com',
    one: { token: 'secret', to: ['agus@example.org'], id: 1 },
    two: { password: 'secret' },
    none: null,
    ids: [1, 2],
  };
  log.info(given, 'words');
  log.info('alone');

  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    msg: 'words',
    deed: 'x',
    email: '[redacted]',
    one: { token: '[redacted]', to: '[redacted]', id: 1 },
    two: { password: '[redacted]' },
    none: null,
    ids: [1, 2],
  });
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({ msg: 'alone' });
  expect(given).toMatchObject({ email: 'rina@example.com', one: { token: 'secret' } });
});
