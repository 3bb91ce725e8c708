// Numbers are written as Weaver's other outputs write them, whatever the browser's language; times are in the reader's zone.

const LOCALE = 'en-US';
const ABSENT = '–';

type Numeric = string | number | null | undefined;

const isAbsent = (value: Numeric): value is null | undefined | '' =>
  value === null || value === undefined || value === '';

const formats = new Map<string, Intl.NumberFormat>();

/** Format exactly: decimal texts are never made floats. A format is made once, for that takes longer than to use it. */
function formatted(value: string | number, options: Intl.NumberFormatOptions): string {
  const name = `${options.minimumFractionDigits} ${options.maximumFractionDigits} ${options.signDisplay}`;
  let format = formats.get(name);
  if (!format) {
    // `negative` writes what rounds to nothing without a sign.
    format = new Intl.NumberFormat(LOCALE, { signDisplay: 'negative', ...options });
    formats.set(name, format);
  }
  return format.format(value as number);
}

/** Money, to the cent. */
export function money(value: Numeric): string {
  return isAbsent(value) ? ABSENT : formatted(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A gain or loss, always with its sign. */
export function signedMoney(value: Numeric): string {
  return isAbsent(value)
    ? ABSENT
    : formatted(value, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: 'exceptZero' });
}

/** A price: to the cent, and finer where it is small. */
export function price(value: Numeric): string {
  if (isAbsent(value)) return ABSENT;
  const size = Math.abs(Number(value));
  const finest = size >= 100 ? 2 : size >= 1 ? 4 : 8;
  return formatted(value, { minimumFractionDigits: 2, maximumFractionDigits: finest });
}

/** How much of a thing, with as many digits as it has. */
export function quantity(value: Numeric): string {
  return isAbsent(value) ? ABSENT : formatted(value, { maximumFractionDigits: 9 });
}

export function count(value: number | null | undefined): string {
  return isAbsent(value) ? ABSENT : formatted(value, { maximumFractionDigits: 0 });
}

/** A number without unit, such as a Sharpe ratio. */
export function ratio(value: Numeric): string {
  return isAbsent(value) ? ABSENT : formatted(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** Percentage points as the API gives them: 5.0 is 5 %. */
export function percent(value: Numeric, options: { signed?: boolean } = {}): string {
  if (isAbsent(value)) return ABSENT;
  const signDisplay = options.signed ? 'exceptZero' : 'negative';
  return `${formatted(value, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay })} %`;
}

/** -1, 0 or 1; null for what is absent. */
export function signOf(value: Numeric): -1 | 0 | 1 | null {
  if (isAbsent(value)) return null;
  const number = Number(value);
  return number > 0 ? 1 : number < 0 ? -1 : 0;
}

const two = (number: number): string => String(number).padStart(2, '0');

/** `2024-01-02 14:30:05` in the reader's zone. */
export function localTime(text: string): string {
  const time = new Date(text);
  return `${localDate(text)} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

export function localDate(text: string): string {
  const time = new Date(text);
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

export function localClock(text: string): string {
  return localTime(text).slice(11);
}

/** `2024-01-02 14:30:05 UTC` */
export function utcTime(text: string): string {
  return `${new Date(text).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The day of a time in UTC: what bars of a day or more are called by, whatever the reader's zone. */
export function utcDate(text: string): string {
  return new Date(text).toISOString().slice(0, 10);
}

const SPANS: [number, string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** A length of time in its two largest units: `2 h 5 min`. */
export function duration(seconds: number | null | undefined): string {
  if (isAbsent(seconds)) return ABSENT;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const said: string[] = [];
  let rest = Math.round(seconds);
  for (const [length, unit] of SPANS) {
    const whole = Math.floor(rest / length);
    rest -= whole * length;
    if (whole > 0 || said.length > 0) said.push(`${whole} ${unit}`);
    if (said.length === 2) break;
  }
  return said.filter((part) => !part.startsWith('0 ')).join(' ');
}

/** `3 min ago`, `in 5 s` */
export function relative(text: string, now: number): string {
  const seconds = (new Date(text).getTime() - now) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  const size = duration(Math.round(Math.abs(seconds)))
    .split(' ')
    .slice(0, 2)
    .join(' ')
    .replace('.0', '');
  return seconds < 0 ? `${size} ago` : `in ${size}`;
}

/** The length of a timeframe such as `5m` in seconds; months and weeks by their usual length. */
export function timeframeSeconds(timeframe: string): number {
  const units: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, mo: 2_592_000, M: 2_592_000 };
  const found = /^(\d+)([a-zA-Z]+)$/.exec(timeframe);
  return found ? Number(found[1]) * (units[found[2] ?? ''] ?? 86_400) : 86_400;
}

/** The first digits of a digest. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}
