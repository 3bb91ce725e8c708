import { createStore } from '@/lib/store';

/** Whether the server turned us away, and whether it asks for a token at all. The cookie itself no script can read. */
export interface SessionState {
  isOut: boolean;
  asksForToken: boolean;
}

const KEY = 'weaver.session';

export const session = createStore<SessionState>({
  isOut: false,
  asksForToken: globalThis.localStorage.getItem(KEY) === 'token',
});

export function signedIn(asksForToken: boolean): void {
  globalThis.localStorage.setItem(KEY, asksForToken ? 'token' : 'open');
  session.set({ isOut: false, asksForToken });
}

export function signedOut(): void {
  if (!session.get().isOut) session.set({ isOut: true, asksForToken: true });
}
