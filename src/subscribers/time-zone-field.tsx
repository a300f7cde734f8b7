import { isTimeZone } from '../lib/clock-time.ts';
import { say } from '../platform/i18n/messages.ts';

/** Offers the zone of the reader's device; without it the list is all there is. */
export const zoneScriptPath = '/assets/zone.js';

/** Every zone by its own name, which readers know from their telephones. */
const zones = Intl.supportedValuesOf('timeZone');

export function TimeZoneField({ lang, chosen }: { lang: string; chosen: string | undefined }) {
  const known = chosen !== undefined && chosen !== '' && isTimeZone(chosen) ? chosen : undefined;
  const listed = known === undefined || zones.includes(known) ? zones : [known, ...zones];
  return (
    <p class="field">
      <label for="time-zone">{say(lang, 'manage.time_zone')}</label>
      <select id="time-zone" name="time_zone">
        <option value="" selected={known === undefined}>
          {say(lang, 'manage.time_zone.own')}
        </option>
        {listed.map((zone) => (
          <option value={zone} selected={zone === known}>
            {zone.replaceAll('_', ' ')}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="quiet"
        hidden
        data-zone-offer={say(lang, 'manage.time_zone.offer', { zone: '{zone}' })}
      />
    </p>
  );
}
