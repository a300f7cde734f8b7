// /embed/frame.js: a framed form of ours tells the page around it how high it has become, `{type: "dateline:height", px}`, for
// that page to follow if it likes. Only after something that the reader did, so that nothing moves by itself; no word of theirs.

(() => {
  if (parent === window) return;
  let told = 0;
  const tell = (): void => {
    const px = Math.ceil(document.body.getBoundingClientRect().bottom + scrollY);
    if (px === told) return;
    told = px;
    parent.postMessage({ type: 'dateline:height', px }, '*');
  };
  for (const kind of ['click', 'keyup', 'input']) {
    addEventListener(kind, (event) => {
      if (event.isTrusted) requestAnimationFrame(tell);
    });
  }
  // A page of the frame that another page of it led to: the reader has sent a form or followed a link.
  if (document.referrer.startsWith(`${location.origin}/`)) addEventListener('load', tell);
})();
