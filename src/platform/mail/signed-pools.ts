import type { Bulk } from './bulk.ts';
import type { Signer } from './dkim.ts';
import type { MessageBytes } from './slab.ts';

type Pools = { letters: Bulk; editions: Bulk };

/**
 * Sees to it that nothing leaves unsigned where there is a signer. A letter is signed on its way into its pool. A mail of an
 * edition is looked at once more just before it begins, so whoever hands it over signs it (`Signer.sign`) beforehand; one
 * that is not signed is refused by its `deliver`, as if it could not be composed.
 */
export function signedPools({ letters, editions }: Pools, signer: Signer | undefined): Pools {
  if (!signer) return { letters, editions };
  return {
    letters: delivering(letters, async (envelope, compose) => {
      const message = await signer.sign(String(compose()));
      return letters.deliver(envelope, () => message);
    }),
    editions: delivering(editions, (envelope, compose) =>
      editions.deliver(envelope, () => refuseUnsigned(compose())),
    ),
  };
}

const mark = 'DKIM-Signature: ';

function refuseUnsigned(message: MessageBytes): MessageBytes {
  const begins = typeof message === 'string' ? message : message.bytes.toString('latin1', 0, mark.length);
  if (!begins.startsWith(mark)) throw new Error('a mail that should be signed is not');
  return message;
}

/** The same pool, with a word before its `deliver`. */
function delivering(pool: Bulk, deliver: Bulk['deliver']): Bulk {
  return {
    deliver,
    reserve: (wanted) => pool.reserve(wanted),
    giveBack: (turns) => pool.giveBack(turns),
    nextTurnInMs: () => pool.nextTurnInMs(),
    inFlight: () => pool.inFlight(),
    connections: () => pool.connections(),
    drain: (timeoutMs) => pool.drain(timeoutMs),
    close: () => pool.close(),
    cut: () => pool.cut(),
  };
}
