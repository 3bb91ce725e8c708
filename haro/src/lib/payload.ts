/** What an event carries: of any shape, since a newer server may tell more. */
export type Payload = Record<string, unknown>;

export const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

export const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : []);

export const record = (value: unknown): Payload =>
  typeof value === 'object' && value !== null ? (value as Payload) : {};

/** What an error says: its message, or itself where it is only words. */
export const messageOf = (error: unknown): string => text(record(error).message) || text(error);
