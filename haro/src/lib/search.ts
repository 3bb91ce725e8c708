// An address's query as plain text: `?status=running,paused&page=2`. Lists are comma-separated.

export type RawSearch = Record<string, unknown>;

export function parseSearch(text: string): RawSearch {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: RawSearch): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    const text = Array.isArray(value) ? value.join(',') : value === undefined || value === null ? '' : String(value);
    if (text) said.set(name, text);
  }
  // A comma needs no escape in a query, and addresses are read by people.
  const text = said.toString().replaceAll('%2C', ',').replaceAll('%2F', '/').replaceAll('%3A', ':');
  return text ? `?${text}` : '';
}

export function textFrom(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw !== '' ? raw : undefined;
}

export function textsFrom(raw: unknown): string[] | undefined {
  const texts = Array.isArray(raw) ? raw.map(String) : typeof raw === 'string' ? raw.split(',') : [];
  const found = texts.filter((one) => one !== '');
  return found.length > 0 ? found : undefined;
}

export function numberFrom(raw: unknown, least: number, most = Number.MAX_SAFE_INTEGER): number | undefined {
  const number = Number(raw);
  return raw !== undefined && raw !== '' && Number.isInteger(number) && number >= least && number <= most
    ? number
    : undefined;
}

export function oneOf<T extends string>(raw: unknown, known: readonly T[]): T | undefined {
  return known.find((one) => one === raw);
}

export function flagFrom(raw: unknown): true | undefined {
  return raw === true || raw === 'true' ? true : undefined;
}
