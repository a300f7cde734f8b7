// /assets/zone.js: on the reader's own page, offers the time zone of this device. It fills in a field and no more: what is in it
// is kept when the reader saves, and nothing is sent or stored before.

(() => {
  const offer = document.querySelector<HTMLButtonElement>('[data-zone-offer]');
  const field = document.querySelector<HTMLSelectElement>('#time-zone');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!offer || !field || !zone || field.value === zone) return;
  if (![...field.options].some((option) => option.value === zone)) return;
  offer.textContent = (offer.dataset.zoneOffer ?? '').replace('{zone}', zone.replace(/_/g, ' '));
  offer.hidden = false;
  offer.addEventListener('click', () => {
    field.value = zone;
    field.focus();
    offer.hidden = true;
  });
})();
