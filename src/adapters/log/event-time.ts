// When a line says that it happened: ISO 8601, the time of access logs, or seconds or milliseconds since 1970.
const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/i;
const ACCESS = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$/;
const EPOCH = /^\d{1,13}(?:\.\d{1,9})?$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** As seconds this is the year 5138, as milliseconds March 1973. */
const LEAST_MS = 1e11;

/** Milliseconds since 1970, or null when it is none of the three. A time without a zone is UTC. */
export function eventTimeOf(value: string | number): number | null {
  const text = String(value).trim();
  if (text.length > 40) return null;
  if (EPOCH.test(text)) {
    const number = Number(text);
    return number < LEAST_MS ? Math.round(number * 1_000) : Math.round(number);
  }
  const [, date = '', clock = '', fraction = '', zone = 'Z'] = ISO.exec(text) ?? [];
  if (date !== '')
    return finite(`${date}T${clock.length === 5 ? `${clock}:00` : clock}.${fraction.padEnd(3, '0').slice(0, 3)}${zoneOf(zone)}`);
  const [, day = '', name = '', year = '', at = '', offset = ''] = ACCESS.exec(text) ?? [];
  const month = MONTHS.indexOf(name) + 1;
  return month === 0 ? null : finite(`${year}-${String(month).padStart(2, '0')}-${day}T${at}${zoneOf(offset)}`);
}

function zoneOf(text: string): string {
  if (/^z$/i.test(text)) return 'Z';
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  return `${text[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/** Of the engine's own form, in which it takes no 25th hour and no 13th month. */
function finite(iso: string): number | null {
  const at = Date.parse(iso);
  return Number.isFinite(at) && at >= 0 ? at : null;
}
