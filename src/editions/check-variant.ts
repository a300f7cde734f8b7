import type { Newsletter } from '../newsletters/newsletter.ts';
import { lintMessage } from '../platform/mail/lint-message.ts';
import type { ComposedMessage } from '../platform/mail/message.ts';
import { openSplicer } from '../platform/mail/open-splicer.ts';

/** Gmail shows no more of a mail's decoded HTML than about this, and hides the footer behind a link. */
export const htmlBytesMax = 102_400;
export const htmlBytesWarn = 90_000;

export interface VariantCheck {
  /** Of the decoded HTML, with the longest personal links in it. */
  htmlBytes: number;
  /** Reasons for which it must not leave. */
  blocks: string[];
  warnings: string[];
}

/** As long as any reader's own values get. */
const sampleUrl = `https://${'x'.repeat(60)}.example/u/${'x'.repeat(120)}`;
const sample = {
  masked_address: `r•••@${'x'.repeat(60)}.example`,
  signed_up_on: '30 September 2026',
  unsubscribe_url: sampleUrl,
  manage_url: sampleUrl,
  unsubscribe_mail: `u+${'x'.repeat(60)}@bounces.example.org`,
};

/** Checks one language of an edition as a reader with long links would get it. */
export function checkVariant(variant: {
  lang: string;
  html: string;
  mime: ComposedMessage;
  newsletter: Newsletter;
  /** What the largest version of it has more. */
  extraBytes?: number;
}): VariantCheck {
  const { html, mime, newsletter, extraBytes = 0 } = variant;
  const filled = Object.entries(sample).reduce(
    (text, [name, value]) => text.replaceAll(`[[${name}]]`, value),
    html,
  );
  const htmlBytes = Buffer.byteLength(filled) + extraBytes;
  const message = openSplicer(mime)({
    to: 'reader@example.org',
    messageId: '<sample@example.org>',
    date: new Date(0),
    values: sample,
  });
  const blocks = [
    ...(htmlBytes > htmlBytesMax
      ? [
          `the HTML has ${htmlBytes} bytes and may have ${htmlBytesMax}, or Gmail hides its end: take fewer stories or shorter deks`,
        ]
      : []),
    ...(newsletter.postalAddress.trim() === '' ? ['the postal address is missing'] : []),
    ...(filled.includes(sample.unsubscribe_url) ? [] : ['the template has no link to unsubscribe']),
    ...lintMessage(message),
  ];
  const warnings =
    htmlBytes >= htmlBytesWarn && htmlBytes <= htmlBytesMax ? [`the HTML has ${htmlBytes} bytes`] : [];
  return { htmlBytes, blocks, warnings };
}
