import { type Inbox, joinTrap, openTrap, type Trap, type TrapOptions } from './trap.ts';
import { claimTrap, findRunningTrap, releaseTrap } from './trap-claim.ts';
import { openTrapStore, type TrapStore } from './trap-store.ts';

export interface SharedTrap {
  smtpUrl: string;
  /** Every process shows the same mails, whoever keeps the trap. */
  inbox: Inbox;
  close(): Promise<void>;
}

const lookEveryMs = 500;

/**
 * Joins the trap of a directory, or opens it, for a process that counts on it: should the process that keeps it end, a
 * command that was there first for one, this one keeps it from then on, under the same address.
 */
export async function shareTrap(options: TrapOptions): Promise<SharedTrap> {
  const { trap, smtpUrl } = await joinTrap(options);
  if (trap) return { smtpUrl, inbox: trap, close: () => trap.close() };
  let kept: Trap | undefined;
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    if (kept) return clearInterval(timer);
    looking ??= takeOver(options, smtpUrl).then((taken) => {
      kept = taken;
      looking = undefined;
    });
  }, lookEveryMs);
  timer.unref();
  return {
    smtpUrl,
    inbox: await lookInside(options.dir, () => kept),
    close: async () => {
      clearInterval(timer);
      await looking;
      if (!kept) return;
      await releaseTrap(options.dir, kept);
      await kept.close();
    },
  };
}

/** Undefined while somebody keeps the trap, and when somebody else was quicker or has its port: the next look will tell. */
async function takeOver(options: TrapOptions, smtpUrl: string): Promise<Trap | undefined> {
  if (await findRunningTrap(options.dir).catch(() => undefined)) return undefined;
  const trap = await openTrap({ ...options, port: Number(new URL(smtpUrl).port) }).catch(() => undefined);
  if (!trap) return undefined;
  if (await claimTrap(options.dir, trap).catch(() => false)) return trap;
  await trap.close();
  return undefined;
}

/** The directory as it is now; another process writes to it until this one keeps the trap. */
async function lookInside(dir: string, kept: () => Trap | undefined): Promise<Inbox> {
  let seen: TrapStore = await openTrapStore(dir);
  const look = async () => {
    const own = kept();
    if (own) return own;
    seen = await openTrapStore(dir);
    return seen;
  };
  return {
    size: () => (kept() ?? seen).size(),
    list: async (page) => (await look()).list(page),
    read: async (id) => (await look()).read(id),
  };
}
