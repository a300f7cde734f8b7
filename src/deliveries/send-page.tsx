import type { Wish } from '../editions/edition.ts';
import { opinionWords } from '../editions/opinion-words.ts';
import { Page, type PageFrame } from '../platform/http/layout.tsx';
import { countedStates } from './delivery.ts';
import { LaneTable } from './lane-table.tsx';
import type { Progress } from './progress.ts';
import { paceWords, shareDone, timeLeft } from './progress-words.ts';

export interface SendPageProps {
  frame: PageFrame;
  /** The newsletter and the edition's slot. */
  title: string;
  seen: Progress;
  /** What its readers said of it; `undefined` where they are not asked. */
  opinions: Record<Wish, number> | undefined;
  now: Date;
  /** Where this page is, and whether it reloads itself. */
  path: string;
  reload: { everySeconds: number; on: boolean } | undefined;
}

/** How far a send is, for operators: the counts as a bar and as a sum, the pace, and the lanes. Needs no script. */
export function SendPage({ frame, title, seen, opinions, now, path, reload }: SendPageProps) {
  const { send } = seen;
  const name = `snd_${send.editionId}`;
  return (
    <Page {...frame} title={`${title} · ${send.state}`} folio={['Send', name, send.state]} noindex wide>
      <h1>{title}</h1>
      {send.pauseReason && <p class="lede">{send.pauseReason}</p>}
      <Bar seen={seen} />
      <Sum seen={seen} />
      <p>
        {seen.ratePerSecond.toFixed(1)}/s now, {seen.averagePerSecond.toFixed(1)}/s on average ·{' '}
        {timeLeft(seen, now)}
      </p>
      <p>{paceWords(seen, now)}</p>
      {seen.lanes.length > 0 && <LaneTable lanes={seen.lanes} now={now} />}
      {opinions && <p>{opinionWords(opinions)}</p>}
      <p class="meta">
        As of <time datetime={now.toISOString()}>{now.toISOString()}</time>.{' '}
        {reload?.on && (
          <>
            This page loads itself anew every {reload.everySeconds} seconds.{' '}
            <a href={`${path}?still=1`}>Stop that</a>
          </>
        )}
        {reload && !reload.on && <a href={path}>Load it anew every {reload.everySeconds} seconds</a>}
      </p>
      <h2>By command</h2>
      <pre tabindex={0}>
        <code>{commandsFor(name)}</code>
      </pre>
    </Page>
  );
}

function commandsFor(name: string): string {
  return ['watch', 'pause', 'resume', 'cancel', 'failures', 'verify']
    .map((verb) => `dateline send ${verb} ${name}`)
    .join('\n');
}

const barUnits = 1000;

/** Widths are attributes of the drawing: the pages' policy allows no inline style. */
function Bar({ seen }: { seen: Progress }) {
  const { counts } = seen;
  let x = 0;
  const parts = countedStates.map((state) => {
    const width = counts.planned === 0 ? 0 : (counts[state] / counts.planned) * barUnits;
    const part = { state, x, width };
    x += width;
    return part;
  });
  const done = `${Math.floor(shareDone(seen) * 100)} % done`;
  return (
    <svg
      class="send-bar"
      viewBox={`0 0 ${barUnits} 12`}
      preserveAspectRatio="none"
      role="img"
      aria-label={done}
    >
      {parts.map((part) => (
        <rect class={`is-${part.state}`} x={part.x} y="0" width={part.width} height="12" />
      ))}
    </svg>
  );
}

function Sum({ seen: { counts } }: { seen: Progress }) {
  return (
    <p class="send-sum">
      {countedStates.map((state, at) => (
        <>
          {at > 0 && ' + '}
          <span class={`send-count is-${state}`}>
            {state} <b>{counts[state]}</b>
          </span>
        </>
      ))}{' '}
      = <b>{counts.planned}</b> planned
    </p>
  );
}
