import { draftEdition, readFeeds } from './edit.ts';
import { confirm, signUp } from './join.ts';
import { leaveAfter, leaveBefore } from './leave.ts';
import { pasteBoxes, publishNewsletter } from './publish.ts';
import type { Scene } from './scene.ts';
import { readInbox, sendEdition } from './send.ts';

/** The steps, in the order of a reader's life. Each lives over HTTP and SMTP, as a stranger would. */
export const steps: readonly ((scene: Scene) => Promise<void>)[] = [
  publishNewsletter,
  pasteBoxes,
  signUp,
  confirm,
  readFeeds,
  leaveBefore,
  draftEdition,
  sendEdition,
  readInbox,
  leaveAfter,
];
