import { sql } from 'kysely';
import { makeCertificates } from '../support/certificates.ts';
import { until } from '../support/until.ts';
import {
  askForSend,
  pauseFor,
  sendUpTo,
  steer,
  untilAllTried,
  untilSentWithRetries,
  untilState,
} from './acts.ts';
import { readSend } from './books.ts';
import type { Scenario } from './scenario.ts';
import { openSink } from './sink.ts';
import { connectionsPerWorker } from './stage.ts';

/** The real thing lasts a minute; what happens in it has happened after twenty seconds: shut, probed, shut for longer. */
const outageMs = 20_000;
const allConnections = 2 * connectionsPerWorker;

const outage: Scenario = {
  name: 'relay-outage',
  about: 'the relay refuses connections for twenty seconds, and cuts those that are open',
  long: true,
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.3);
    await stage.sink.away();
    await pauseFor(outageMs);
    await stage.sink.back();
    await untilSentWithRetries(stage);
    return { connections };
  },
};

const blackout: Scenario = {
  name: 'relay-black',
  about: 'the relay takes connections and says nothing for twenty seconds',
  long: true,
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.3);
    await stage.sink.behave({ black: true });
    await pauseFor(outageMs);
    await stage.sink.behave({ black: false });
    await untilSentWithRetries(stage);
    return { connections };
  },
};

const replies: Scenario = {
  name: 'replies-4xx-5xx',
  about: '5 % are answered with 4xx once and 2 % with 5xx, half at RCPT and half at the dot',
  long: true,
  sink: {
    rules: [
      { at: 'rcpt', share: 0.025, once: true, answer: '451 4.3.0 try again later' },
      { at: 'dot', share: 0.025, once: true, answer: '451 4.3.0 try again later' },
      { at: 'rcpt', share: 0.01, answer: '550 5.7.1 not permitted here' },
      { at: 'dot', share: 0.01, answer: '554 5.6.0 this content is not taken' },
    ],
  },
  act: async (stage) => {
    await askForSend(stage);
    const tried = await untilAllTried(stage);
    const problems = [];
    const share = (count: number) => count / stage.readers;
    if (share(tried.counts.deferred) < 0.02) problems.push(`only ${tried.counts.deferred} were deferred`);
    if (share(tried.counts.refused) < 0.01) problems.push(`only ${tried.counts.refused} were refused`);
    await untilSentWithRetries(stage);
    return { connections: allConnections, unknownMax: 0, problems };
  },
};

/** Each drop is a fault of one connection, so the bound holds per drop. */
function dropped(name: string, about: string, at: 'body' | 'dot', answer: string): Scenario {
  return {
    name,
    about,
    sink: { rules: [{ at, share: 0.01, once: true, answer }] },
    act: async (stage) => {
      await askForSend(stage);
      await untilSentWithRetries(stage);
      const { dropped: drops } = await stage.sink.state();
      const unknown = (await readSend(stage))?.counts.unknown ?? -1;
      const problems = [];
      if (drops === 0) problems.push('no connection was dropped');
      if (at === 'dot' && unknown < drops) problems.push(`${drops} drops after the dot, ${unknown} unknown`);
      return { connections: drops, problems };
    },
  };
}

const busy: Scenario = {
  name: 'connection-421',
  about: 'each connection hears 421 after 40 messages',
  long: true,
  sink: { messagesMax: 40 },
  act: async (stage) => {
    await askForSend(stage);
    await untilSentWithRetries(stage);
    const { rejected } = await stage.sink.state();
    return {
      connections: allConnections,
      unknownMax: 0,
      problems: rejected === 0 ? ['no connection heard 421'] : [],
    };
  },
};

/** Both speak TLS and nothing else. What was in flight is in doubt or tried later; nothing else waits. */
const failover: Scenario = {
  name: 'relay-failover',
  about: 'one of two relays, over TLS, is gone for good in the middle: the other sends the rest at once',
  act: async (stage) => {
    const certificates = makeCertificates();
    const [first, second] = await Promise.all([openSink(certificates), openSink(certificates)]);
    await Promise.all([first.join(stage.sink), second.join(stage.sink)]);
    await Promise.all(stage.workers.map((worker) => worker.end()));
    const env = { SMTP_URL: `${first.url},${second.url}` };
    const workers = [stage.start('worker', env), stage.start('worker', env)];
    const problems = [];
    try {
      await askForSend(stage);
      const { open, accepted } = await first.until(Math.round(stage.readers * 0.2));
      await first.away();
      const before = (await second.state()).accepted;
      if (before < accepted / 3) problems.push(`one relay had taken ${accepted}, the other only ${before}`);
      const { counts } = await untilAllTried(stage);
      if (counts.deferred > 2 * open) problems.push(`${counts.deferred} wait, with ${open} connections lost`);
      await untilSentWithRetries(stage);
      return { connections: open, problems };
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
      first.close();
      second.close();
      certificates.remove();
    }
  },
};

/** O24. The others' end comes while the one waits; then the edition is cancelled, so that the books can be closed. */
const oneDomain: Scenario = {
  name: 'domain-421',
  about: 'one domain answers 421 to everyone; the others’ edition goes on',
  act: async (stage) => {
    const [slow = ''] = stage.domains;
    const answer = '421 4.7.0 too many messages, try again later';
    await stage.sink.behave({ rules: [{ at: 'rcpt', domain: slow, answer }] });
    await askForSend(stage);
    const others = stage.readers - stage.readers / stage.domains.length;
    const { rejected } = await stage.sink.until(others);
    const { rows } = await sql<{ waiting: number; burnt: number }>`
      select count(*) filter (where d.state in ('queued', 'sending', 'deferred'))::int as waiting,
        count(*) filter (where d.attempts > 0)::int as burnt
      from deliveries d join subscribers s on s.id = d.subscriber_id
      where d.edition_id = ${stage.editionId} and s.email like ${`%@${slow}`}`.execute(stage.database.db);
    const [{ waiting = 0, burnt = 0 } = {}] = rows;
    const problems = [];
    const all = stage.readers - others;
    if (waiting !== all) problems.push(`${waiting} of ${all} readers of the busy domain wait`);
    if (burnt > 0) problems.push(`${burnt} tries were used up by a domain that was only busy`);
    // A lane that knows its trouble asks with a few; without one every reader is tried in vain.
    if (rejected > all / 4) problems.push(`the busy domain was asked ${rejected} times for ${all} readers`);
    await steer(stage, 'cancel');
    await untilState(stage, 'cancelled');
    await untilAllTried(stage);
    return { connections: allConnections, unknownMax: 0, problems };
  },
};

/** O25. */
const bounces: Scenario = {
  name: 'bounce-storm',
  about: 'a third of the addresses are dead: the send pauses itself and says why',
  readers: 1_000,
  sink: { rules: [{ at: 'rcpt', share: 0.33, answer: '550 5.1.1 no such user' }] },
  act: async (stage) => {
    await askForSend(stage);
    const seen = await until(
      async () => {
        const now = await readSend(stage);
        return now && ['paused', 'sent'].includes(now.state) ? now : undefined;
      },
      { timeoutMs: 300_000, everyMs: 500, what: 'the send pauses itself' },
    );
    const problems = [];
    if (seen.state === 'sent') problems.push('it went out to the end');
    else {
      if (!/bounce|refused|dead/i.test(seen.reason ?? '')) problems.push(`the reason is ${seen.reason}`);
      await steer(stage, 'cancel');
      await untilState(stage, 'cancelled');
      await untilAllTried(stage);
    }
    return { connections: allConnections, unknownMax: 0, problems };
  },
};

export const relays: Scenario[] = [
  outage,
  blackout,
  replies,
  dropped('drop-before-dot', 'connections are lost while the message is on its way, for 1 %', 'body', 'drop'),
  dropped('drop-after-dot', 'connections are lost after the final dot, not taken, for 1 %', 'dot', 'drop'),
  dropped(
    'reply-dropped',
    'the message is taken and the reply after the dot is lost, for 1 %',
    'dot',
    'take-and-drop',
  ),
  busy,
  failover,
  oneDomain,
  bounces,
];
