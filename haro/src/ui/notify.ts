import { notifications } from '@mantine/notifications';
import { ApiProblem } from '@/api/problem';
import { createStore } from '@/lib/store';

export type NoticeKind = 'good' | 'info' | 'warning' | 'bad';

export interface Notice {
  id: string;
  kind: NoticeKind;
  title: string;
  message: string;
  at: string;
  /** A page of this dashboard where more is to be seen. */
  to?: string;
  isRead: boolean;
}

const KEPT = 200;
const KEY = 'weaver.notices';
export const NOTICE_COLOURS: Record<NoticeKind, string> = { good: 'teal', info: 'blue', warning: 'yellow', bad: 'red' };

function kept(): Notice[] {
  try {
    const notices: unknown = JSON.parse(globalThis.sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(notices) ? (notices as Notice[]) : [];
  } catch {
    return []; // written by another version of this page
  }
}

/** What this browser's tab was told, newest first. */
export const notices = createStore<Notice[]>(kept());
notices.subscribe(() => globalThis.sessionStorage.setItem(KEY, JSON.stringify(notices.get())));

/** Show a toast and keep it in the history. What has an id that is known is not shown again. */
export function notify(notice: {
  kind: NoticeKind;
  title: string;
  message?: string;
  to?: string;
  id?: string;
  at?: string;
}) {
  const { kind, title, message = '', to } = notice;
  const id = notice.id ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  if (notices.get().some((one) => one.id === id)) return;
  const at = notice.at ?? new Date().toISOString();
  notices.set([{ id, kind, title, message, to, at, isRead: false }, ...notices.get()].slice(0, KEPT));
  notifications.show({
    id,
    title,
    message,
    color: NOTICE_COLOURS[kind],
    autoClose: kind === 'bad' ? 15_000 : 5_000,
    withBorder: true,
    role: kind === 'bad' ? 'alert' : 'status',
  });
}

/** Tell of a request that failed, with what its answer said. */
export function notifyProblem(title: string, error: unknown): void {
  const message =
    error instanceof ApiProblem
      ? `${error.message}${error.correlationId ? ` (${error.code}, ${error.correlationId})` : ` (${error.code})`}`
      : String(error);
  notify({ kind: 'bad', title, message });
}

export function readAll(): void {
  if (notices.get().some((one) => !one.isRead)) {
    notices.set(notices.get().map((one) => ({ ...one, isRead: true })));
  }
}

export function forgetAll(): void {
  notices.set([]);
}
