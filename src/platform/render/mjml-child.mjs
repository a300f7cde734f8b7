// A process of its own for MJML: it takes some 95 MB that a sending worker does not have, and it ends when idle.
// Plain JavaScript, because `fork` runs this file as it stands, from `src` and from `dist`.
import mjml2html from 'mjml';

process.on('disconnect', () => process.exit(0));
// The parent decides when to stop: a Ctrl-C reaches this process too, while the parent still finishes its work.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.on('message', async ({ id, mjml }) => {
  process.send(await answer(id, mjml));
});

async function answer(id, mjml) {
  try {
    const { html } = await mjml2html(mjml, {
      validationLevel: 'strict',
      ignoreIncludes: true,
      keepComments: false,
      fonts: {},
      // An image keeps the width and height that its template gives, not the `100%` and `auto` of its style.
      juiceOptions: { applyWidthAttributes: false, applyHeightAttributes: false },
    });
    return { id, html };
  } catch (error) {
    const faults = (error.errors ?? []).map(({ line, tagName, message }) => ({ line, tagName, message }));
    return { id, faults, failure: String(error.message ?? error) };
  }
}
