import { describe, expect, it } from 'vitest';
import { redrawn } from '../src/shell.ts';

describe('drawing over what was drawn', () => {
  it('goes up to the first of the old lines and clears what is below', () => {
    expect(redrawn(['one', 'two'], 0, {})).toBe('\r\x1b[0Jone\ntwo');
    expect(redrawn(['three'], 2, {})).toBe('\x1b[1A\r\x1b[0Jthree');
    expect(redrawn(['four'], 1, {})).toBe('\r\x1b[0Jfour');
  });

  it('keeps within the screen, since lines that wrap could not be counted', () => {
    expect(redrawn(['a line too long', 'b', 'c'], 0, { columns: 7, rows: 3 })).toBe('\r\x1b[0Ja line\nb');
  });
});
