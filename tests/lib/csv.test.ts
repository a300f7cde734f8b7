import { describe, expect, it } from 'vitest';
import { csvRow } from '../../src/lib/csv.ts';

describe('a row of CSV', () => {
  it('quotes what would break the row, and doubles quotes', () => {
    expect(csvRow(['a', 1, 'b,c', 'say "hi"', 'two\nlines', ''])).toBe(
      'a,1,"b,c","say ""hi""","two\nlines",',
    );
  });

  it('lets no spreadsheet run a cell as a formula', () => {
    expect(csvRow(['=1+1', '+1', '-1', '@sum(a)', '\t=1', '\r=1', '552 5.2.2 =full', -1])).toBe(
      `'=1+1,'+1,'-1,'@sum(a),'\t=1,"'\r=1",552 5.2.2 =full,-1`,
    );
  });
});
