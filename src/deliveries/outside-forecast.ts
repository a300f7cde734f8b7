import { z } from '@hono/zod-openapi';
import { publicId } from '../lib/ids.ts';
import type { Forecast } from './forecast.ts';

const lastHourAt = z.iso
  .datetime()
  .nullable()
  .openapi({ description: 'The last hour that its readers chose; null: all are due at the start' });

/** What a forecast looks like from outside, for the API, its document and `--json`. */
export const forecastSchema = z
  .object({
    edition: z.string().openapi({ example: 'ed_12' }),
    recipients: z.int(),
    starts_at: z.iso.datetime(),
    through_at: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'Null: never at the present limits, or nobody can say' }),
    last_hour_at: lastHourAt,
    last_hour: z
      .string()
      .nullable()
      .openapi({ description: 'The same on their clock', example: '21.00 Asia/Jakarta' }),
    bottleneck: z.string().openapi({ description: 'In words' }),
    workers: z.int(),
    relays_per_second: z
      .number()
      .nullable()
      .openapi({ description: 'What the relays take of it on average by their rates; null: all at once' }),
    measured_per_second: z.number().nullable(),
    lanes: z.array(
      z.object({
        lane: z.string(),
        readers: z.int(),
        state: z.string(),
        connections: z.int().nullable(),
        limit_per_second: z.number().nullable(),
        back_off_until: z.iso.datetime().nullable(),
        last_hour_at: lastHourAt,
        through_at: z.iso.datetime().nullable(),
        held_by: z.string(),
      }),
    ),
  })
  .openapi('Forecast');

export function outsideForecast(seen: Forecast): z.infer<typeof forecastSchema> {
  return {
    edition: publicId('edition', seen.editionId),
    recipients: seen.recipients,
    starts_at: seen.startsAt.toISOString(),
    through_at: seen.throughAt?.toISOString() ?? null,
    last_hour_at: seen.lastReaders?.dueAt.toISOString() ?? null,
    last_hour: seen.lastReaders?.hour ?? null,
    bottleneck: seen.bottleneck,
    workers: seen.workers,
    relays_per_second: seen.relaysPerSecond ?? null,
    measured_per_second: seen.measuredPerSecond ?? null,
    lanes: seen.lanes.map((lane) => ({
      lane: lane.lane,
      readers: lane.readers,
      state: lane.state,
      connections: lane.connections ?? null,
      limit_per_second: lane.perSecond ?? null,
      back_off_until: lane.backOffUntil?.toISOString() ?? null,
      last_hour_at: lane.lastReaders?.dueAt.toISOString() ?? null,
      through_at: lane.throughAt?.toISOString() ?? null,
      held_by: lane.heldBy,
    })),
  };
}
