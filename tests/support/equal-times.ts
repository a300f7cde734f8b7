/** Times in ms of one round: one for each kind, taken in random order right after each other. */
export type Round = readonly number[];

/** A kind that takes longer or shorter by more than this is told from the others, however quiet the machine. */
const shiftMs = 3;
/** What R13 allows at most, however busy it is. */
const shiftMsMax = 25;
/** So few late ones say nothing, where no other kind has any. */
const fewMax = 5;
/** Once in some hundred thousand runs chance alone lies so far out. */
const sigmas = 5;

/**
 * Which kinds do not take the same time as the others, in words; nothing when all do. Each time is compared with the other times
 * of its round, so that a machine that is busy for a while disturbs nobody more than the rest. Two ways of differing are
 * looked for: all of a kind's times lie higher or lower (the median of its distances from the middle of its rounds), and some
 * of them do (it is late by what R13 allows more often than the others are). Pure.
 */
export function unequalTimes(rounds: readonly Round[], kinds: readonly string[]): string[] {
  return kinds.flatMap((kind, at) => [...shifted(rounds, kind, at), ...oftenLate(rounds, kind, at)]);
}

function shifted(rounds: readonly Round[], kind: string, at: number): string[] {
  const distances = rounds.map(
    (round) => (round[at] ?? 0) - median(round.filter((_, other) => other !== at)),
  );
  const shift = median(distances);
  const scatter = 1.4826 * median(distances.map((distance) => Math.abs(distance - shift)));
  // The standard error of a median is 1.2533 times that of a mean.
  const errorMs = (1.2533 * scatter) / Math.sqrt(rounds.length);
  const allowedMs = Math.min(shiftMsMax, Math.max(shiftMs, sigmas * errorMs));
  if (Math.abs(shift) <= allowedMs) return [];
  return [`${kind} differs by ${shift.toFixed(1)} ms; allowed ${allowedMs.toFixed(1)}`];
}

function oftenLate(rounds: readonly Round[], kind: string, at: number): string[] {
  const late = (one: number) =>
    rounds.filter((round) => (round[one] ?? 0) - median(round) > shiftMsMax).length;
  const others = (rounds[0] ?? []).map((_, one) => one).filter((one) => one !== at);
  const share = others.reduce((sum, one) => sum + late(one), 0) / (others.length * rounds.length);
  const allowed = Math.floor(
    rounds.length * share + sigmas * Math.sqrt(rounds.length * share * (1 - share)) + fewMax,
  );
  if (late(at) <= allowed) return [];
  return [`${kind} is late in ${late(at)} of ${rounds.length} rounds; allowed ${allowed}`];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? 0;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
