import type { Rate } from '../../lib/rate.ts';
import type { Db } from '../db/database.ts';
import { changeDrawn } from './change-drawn.ts';
import { lookUp, strictest, withGranted } from './drawn.ts';

export interface Grant {
  /** How many may begin; they begin soon, or are given back. */
  granted: number;
  /** When it pays to ask for more. */
  nextAt: Date;
}

/**
 * Draws leave to begin up to so many in a scope (`relay:mx.example:25`, `lane:gmail`, `all`), within all of its rates at once.
 * It holds over all processes: two that draw at one moment never get more than there is. Without rates, and for nothing
 * wanted, it asks nobody. A rate may change between two draws; what was granted before still counts.
 */
export async function drawGrant(
  db: Db,
  scope: string,
  rates: readonly Rate[],
  wanted: number,
  now: Date,
): Promise<Grant> {
  if (rates.length === 0 || wanted <= 0) return { granted: Math.max(0, wanted), nextAt: now };
  const limits = strictest(rates);
  let found = { granted: 0, nextAtMs: now.getTime() };
  await changeDrawn(db, scope, now, (drawn) => {
    found = lookUp(drawn, limits, wanted, now.getTime());
    return found.granted > 0 ? withGranted(drawn, limits, found.granted, now.getTime()) : undefined;
  });
  return { granted: found.granted, nextAt: new Date(Math.ceil(found.nextAtMs)) };
}
