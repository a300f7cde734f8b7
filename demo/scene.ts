import type { Api } from './api.ts';
import type { Narrator } from './narrator.ts';
import type { Reader } from './readers.ts';
import type { Stage } from './stage.ts';

/** Where the story stands: what the steps before have found out. */
export interface Scene {
  stage: Stage;
  narrator: Narrator;
  api: Api;
  newsletterId: string;
  edition: { id: string; url: string } | undefined;
  counts: Counts | undefined;
}

export interface Counts {
  planned: number;
  accepted: number;
  deferred: number;
  refused: number;
  skipped: number;
  unknown: number;
  cancelled: number;
  queued: number;
}

/** What the subscribers' API says of a reader's subscription. */
export async function stateOf({ api, newsletterId }: Scene, { email }: Reader): Promise<string> {
  const subscriber = await api.get<{ subscriptions: { newsletter: string; status: string }[] }>(
    `/v1/subscribers/${email}`,
  );
  return subscriber.subscriptions.find((one) => one.newsletter === newsletterId)?.status ?? 'not there';
}
