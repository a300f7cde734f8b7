import type { Context } from '../src/context.ts';
import { sendWelcome } from '../src/editions/send-welcome.ts';
import { fewAtOnce, throwAll } from '../src/lib/few-at-once.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { answerSignUps } from '../src/subscribers/answer-sign-ups.ts';
import { sendConfirmation } from '../src/subscribers/send-confirmation.ts';
import { sendNotice } from '../src/subscribers/send-notice.ts';
import { staff } from './staff.ts';

/** Of the letters that share a bell. */
const lettersAtOnce = 25;

/** Letters never wait behind an edition: they have a queue, hands and connections of their own. */
export function letters(ctx: Context): Workload {
  return staff(ctx, 'letters', {
    hands: 4,
    deeds: {
      'answer-sign-up': answerSignUps,
      'send-confirmation': each(sendConfirmation),
      'send-notice': each(sendNotice),
      'send-welcome': each(sendWelcome),
    },
  });
}

type Deed = (ctx: Context, payload: { letterId: number }) => Promise<unknown>;

/** The deed for every letter of a job; what fails is thrown after all have been tried. */
function each(deed: Deed): (ctx: Context, payload: { letterIds: number[] }) => Promise<void> {
  return async (ctx, { letterIds }) => {
    const { errors } = await fewAtOnce(letterIds, lettersAtOnce, (letterId) => deed(ctx, { letterId }));
    throwAll(errors, 'letters failed');
  };
}
