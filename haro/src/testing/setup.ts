import '@testing-library/jest-dom/vitest';
import { notifications } from '@mantine/notifications';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { notices } from '@/ui/notify';
import { FakeStream, server, stream } from './server';

// A busy machine makes a test slower, not wrong.
configure({ asyncUtilTimeout: 20_000 });

// What jsdom lacks of a browser and Mantine asks for.
vi.stubGlobal('matchMedia', (query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => {},
  removeEventListener: () => {},
  addListener: () => {},
  removeListener: () => {},
  dispatchEvent: () => false,
}));
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);
window.scrollTo = () => {};
window.HTMLElement.prototype.scrollIntoView = () => {};

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
beforeEach(() => {
  stream.current = new FakeStream();
});
afterEach(() => {
  cleanup();
  server.resetHandlers();
  window.localStorage.clear();
  notices.set([]);
  notifications.clean();
});
afterAll(() => server.close());
