import type { Behaviour } from './behaviour.ts';
import type { Stage } from './stage.ts';

/** What a scenario says of itself at its end; the tally says the rest. */
export interface Outcome {
  /** SMTP connections that were open at the fault: each may leave two deliveries in doubt. */
  connections: number;
  /** Where another bound than twice the connections holds. */
  unknownMax?: number;
  /** What did not hold, in words. */
  problems?: string[];
}

/** One fault, brought about while an edition goes out. */
export interface Scenario {
  name: string;
  /** What happens, in a line. */
  about: string;
  /** Default 2,000. */
  readers?: number;
  sink?: Partial<Behaviour>;
  /** A Postgres of its own, since it is the victim; `small`: on a disk that is soon full. */
  postgres?: 'own' | 'small';
  /** Waits for a worker to be declared dead, or for a retry: such scenarios are begun first. */
  long?: boolean;
  act(stage: Stage): Promise<Outcome>;
}
