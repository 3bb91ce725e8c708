import type { ComparedRun } from '@/api/schema.gen';

export interface Difference {
  name: string;
  /** One for each run, in their order. */
  values: string[];
  differs: boolean;
}

/** What says nothing about how a run trades. */
const LEFT_OUT = new Set(['id', 'tags', 'params', 'confirm_live', 'start_paused']);

/** What the runs were given, name by name; those that differ come first. */
export function differences(runs: ComparedRun[]): Difference[] {
  const given = runs.map(settings);
  const names = [...new Set(given.flatMap((one) => [...one.keys()]))];
  const found = names.map((name) => {
    const values = given.map((one) => one.get(name) ?? '–');
    return { name, values, differs: new Set(values).size > 1 };
  });
  return [...found.filter((one) => one.differs), ...found.filter((one) => !one.differs)];
}

function settings(run: ComparedRun): Map<string, string> {
  const found = new Map<string, string>([
    ['strategy', run.strategy],
    ['mode', run.mode],
  ]);
  for (const [name, value] of Object.entries(run.params)) found.set(`params.${name}`, written(value));
  for (const [name, value] of Object.entries(run.config)) if (!LEFT_OUT.has(name)) take(found, name, value);
  return found;
}

function take(found: Map<string, string>, name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [inner, one] of Object.entries(value)) take(found, `${name}.${inner}`, one);
  } else if (value !== null && value !== undefined) {
    found.set(name, written(value));
  }
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.map(written).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
