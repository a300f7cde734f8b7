// /assets/zone.js: on the reader's own page, offers the time zone of this device. It fills in a field and no more: what is in it
// is kept when the reader saves, and nothing is sent or stored before.

(() => {
  const offer = document.querySelector<HTMLButtonElement>('[data-zone-offer]');
  const field = document.querySelector<HTMLSelectElement>('#time-zone');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!offer || !field || !zone || field.value === zone) return;
  const name = zone.replace(/_/g, ' ');
  offer.textContent = (offer.dataset.zoneOffer ?? '').replace('{zone}', name);
  offer.hidden = false;
  offer.addEventListener('click', () => {
    // Browsers and we may know a zone by names of other years: Asia/Calcutta is Asia/Kolkata.
    if (![...field.options].some((option) => option.value === zone)) field.add(new Option(name, zone));
    field.value = zone;
    field.focus();
    offer.hidden = true;
  });
})();
