import type { LaneBooks } from './counts.ts';
import { countedStates } from './delivery.ts';
import { laneName, laneState, span } from './progress-words.ts';

/** The books of each lane, a row that is a sum like the send's own, and what holds the lane back. */
export function LaneTable({ lanes, now }: { lanes: readonly LaneBooks[]; now: Date }) {
  return (
    <>
      <h2 id="lanes">Lanes</h2>
      <section class="send-lanes" aria-labelledby="lanes" tabindex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Lane</th>
              {countedStates.map((state) => (
                <th scope="col">{state}</th>
              ))}
              <th scope="col">planned</th>
              <th scope="col">Rate</th>
              <th scope="col">State</th>
              <th scope="col">Waits</th>
              <th scope="col">Last answer</th>
            </tr>
          </thead>
          <tbody>
            {lanes.map((lane) => (
              <Row lane={lane} now={now} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Row({ lane, now }: { lane: LaneBooks; now: Date }) {
  const { counts, backOffUntil, ratePerSecond, limitPerSecond } = lane;
  return (
    <tr>
      <th scope="row">{laneName(lane)}</th>
      {countedStates.map((name) => (
        <td>{counts[name]}</td>
      ))}
      <td>{counts.planned}</td>
      <td>
        {ratePerSecond.toFixed(1)}/s{limitPerSecond !== undefined && ` of ${limitPerSecond}`}
      </td>
      <td>{laneState(lane)}</td>
      <td>{backOffUntil && backOffUntil > now ? span(backOffUntil, now) : ''}</td>
      <td>{lane.lastAnswer ?? ''}</td>
    </tr>
  );
}
