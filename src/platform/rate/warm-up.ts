import type { LocalDate } from '../../lib/clock-time.ts';
import type { Rate } from '../../lib/rate.ts';

/** A relay whose address the mailbox providers do not know yet, and since when mail has gone out by it. */
export interface WarmUp {
  /** A date in UTC. */
  startsOn: LocalDate;
  /** Messages on the first day, 50 usually; the following days grow with it. */
  firstDay?: number;
}

const firstDayUsually = 50;

/** Messages per day: doubled at first, then a third to a half more each day. After the last there is no limit. */
const ramp = [
  50, 100, 200, 400, 800, 1_200, 2_000, 3_000, 4_500, 7_000, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000,
  80_000, 110_000, 150_000, 200_000, 275_000, 375_000, 500_000, 675_000, 900_000, 1_200_000, 1_600_000,
  2_100_000,
];

const dayMs = 24 * 3_600_000;

/** The limit of this day; undefined once the ramp has been climbed. Before it starts, the first day's holds. Pure. */
export function warmUpRate({ startsOn, firstDay = firstDayUsually }: WarmUp, now: Date): Rate | undefined {
  const day = Math.floor((now.getTime() - Date.parse(`${startsOn}T00:00:00Z`)) / dayMs);
  const usual = ramp[Math.max(0, day)];
  if (usual === undefined) return undefined;
  return { count: Math.round((usual * firstDay) / firstDayUsually), per: 'day' };
}
