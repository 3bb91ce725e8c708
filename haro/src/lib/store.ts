import { useSyncExternalStore } from 'react';

/** A value outside React's tree that components follow. For what the browser alone knows; the server's state is in queries. */
export interface Store<T> {
  get(): T;
  set(next: T): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Follow a part of a value: a component is drawn anew only when that part is another one. */
export function useSelected<T, P extends string | number | boolean | null>(
  store: Store<T>,
  select: (value: T) => P,
): P {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
