import { describe, expect, it } from 'vitest';
import { openMetrics } from '../../src/platform/metrics.ts';
import { processSamples } from '../../src/platform/process-metrics.ts';

/** The lines of the page that are no comment. */
const samples = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('the metrics of a process', () => {
  it('add up what was counted, label by label', () => {
    const metrics = openMetrics();
    metrics.count('dateline_deliveries_total', { lane: 'gmail', state: 'accepted' });
    metrics.count('dateline_deliveries_total', { lane: 'gmail', state: 'accepted' }, 4);
    metrics.count('dateline_deliveries_total', { lane: 'other', state: 'refused' });
    expect(metrics.text()).toBe(
      '# HELP dateline_deliveries_total Deliveries settled by this process, by lane and what they came to.\n' +
        '# TYPE dateline_deliveries_total counter\n' +
        'dateline_deliveries_total{lane="gmail",state="accepted"} 5\n' +
        'dateline_deliveries_total{lane="other",state="refused"} 1\n',
    );
  });

  it('put what was observed into buckets that contain each other', () => {
    const metrics = openMetrics();
    for (const seconds of [0.0005, 0.004, 0.004, 7, 1000]) {
      metrics.observe('dateline_smtp_reply_seconds', { relay: 'relay.example:25' }, seconds);
    }
    const lines = samples(metrics.text());
    const bucket = (most: string) =>
      Number(lines.find((line) => line.includes(`le="${most}"`))?.split(' ')[1]);
    expect(['0.001', '0.0025', '0.005', '5', '10', '300', '+Inf'].map(bucket)).toEqual([1, 1, 3, 3, 4, 4, 5]);
    expect(lines).toContain('dateline_smtp_reply_seconds_count{relay="relay.example:25"} 5');
    expect(lines.find((line) => line.includes('_sum'))).toMatch(/ 1007\.0085$/);
  });

  it('read gauges anew each time, beside what the caller knows', () => {
    const metrics = openMetrics();
    let open = 1;
    metrics.onRead(() => [{ name: 'dateline_smtp_connections', labels: { pool: 'editions' }, value: open }]);
    metrics.onRead(processSamples);
    expect(samples(metrics.text())).toContain('dateline_smtp_connections{pool="editions"} 1');
    open = 7;
    const text = metrics.text([{ name: 'dateline_workers', value: 2 }]);
    expect(samples(text)).toEqual(
      expect.arrayContaining(['dateline_smtp_connections{pool="editions"} 7', 'dateline_workers 2']),
    );
    expect(samples(text).some((line) => /^process_resident_memory_bytes [1-9]\d+$/.test(line))).toBe(true);
  });

  it('write any label so that it stays one label', () => {
    const metrics = openMetrics();
    metrics.count('dateline_smtp_transactions_total', {
      relay: 'a"b\\c\nd',
      phase: 'dot',
      class: 'accepted',
    });
    expect(metrics.text()).toContain('{relay="a\\"b\\\\c\\nd",phase="dot",class="accepted"} 1\n');
  });
});
