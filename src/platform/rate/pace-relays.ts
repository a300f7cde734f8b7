import type { Rate } from '../../lib/rate.ts';
import type { Db } from '../db/database.ts';
import type { Pace } from '../mail/pace.ts';
import type { Relay } from '../mail/relay.ts';
import { drawGrant, type Grant } from './draw-grant.ts';
import { isPaced, relayScopes, type Scope } from './relay-scopes.ts';
import { returnGrant } from './return-grant.ts';

export interface Ledger {
  db: Db;
  now: () => Date;
  /** What all relays together may begin. */
  overall: readonly Rate[];
  /** Hears why the ledger could not be asked. */
  onTrouble: (error: Error) => void;
}

const againMs = 1_000;

/** The rates of relays, kept in the ledger: each relay's own, its warm-up, and that of all together. */
export function paceRelays(ledger: Ledger): Pace {
  const { db, now, overall, onTrouble } = ledger;
  return {
    now,
    isPaced: (relay) => isPaced(relay, overall),
    draw: async (relay, wanted) => {
      const at = now();
      try {
        return await drawThrough(db, relayScopes(relay, overall, at), wanted, at);
      } catch (error) {
        onTrouble(error as Error);
        return { granted: 0, nextAt: new Date(at.getTime() + againMs) };
      }
    },
    giveBack: async (relay: Relay, count: number, drawnAt: Date) => {
      const scopes = relayScopes(relay, overall, drawnAt);
      await giveBack(db, scopes, { count, drawnAt }, now()).catch(onTrouble);
    },
  };
}

/** What every account leaves: what a later one does not grant goes back to those before. */
async function drawThrough(db: Db, scopes: readonly Scope[], wanted: number, at: Date): Promise<Grant> {
  let found: Grant = { granted: wanted, nextAt: at };
  for (const [place, { scope, rates }] of scopes.entries()) {
    const grant = await drawGrant(db, scope, rates, found.granted, at);
    await giveBack(db, scopes.slice(0, place), { count: found.granted - grant.granted, drawnAt: at }, at);
    found = { granted: grant.granted, nextAt: grant.nextAt > found.nextAt ? grant.nextAt : found.nextAt };
    if (found.granted === 0) break;
  }
  return found;
}

async function giveBack(
  db: Db,
  scopes: readonly Scope[],
  returned: { count: number; drawnAt: Date },
  now: Date,
): Promise<void> {
  for (const { scope, rates } of scopes) await returnGrant(db, scope, rates, returned, now);
}
