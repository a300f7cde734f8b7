import type { Context } from '../context.ts';
import { otherLane, providers } from '../deliveries/lane-names.ts';
import type { SignUpOutcome } from '../subscribers/sign-up.ts';

const outcomes: SignUpOutcome['kind'][] = ['too_many', 'origin_not_allowed', 'origin_unnamed'];

/**
 * Puts the counts that alarms are set on (docs/operating.md) on the metrics page at zero: Prometheus sees no increase in a series
 * that begins with what it counted first.
 */
export function countFromZero({ metrics }: Pick<Context, 'metrics'>): void {
  for (const lane of [...providers, otherLane])
    metrics.count('dateline_deliveries_total', { lane, state: 'unknown' }, 0);
  for (const outcome of outcomes) metrics.count('dateline_sign_ups_total', { outcome }, 0);
}
