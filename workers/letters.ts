import type { Context } from '../src/context.ts';
import { sendWelcome } from '../src/editions/send-welcome.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { answerSignUp } from '../src/subscribers/answer-sign-up.ts';
import { sendConfirmation } from '../src/subscribers/send-confirmation.ts';
import { sendNotice } from '../src/subscribers/send-notice.ts';
import { staff } from './staff.ts';

/** Letters never wait behind an edition: they have a queue, hands and connections of their own. */
export function letters(ctx: Context): Workload {
  return staff(ctx, 'letters', {
    hands: 8,
    deeds: {
      'answer-sign-up': answerSignUp,
      'send-confirmation': sendConfirmation,
      'send-notice': sendNotice,
      'send-welcome': sendWelcome,
    },
  });
}
