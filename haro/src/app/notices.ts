import type { Event } from '@/api/schema.gen';
import { messageOf, type Payload, text } from '@/lib/payload';
import type { NoticeKind } from '@/ui/notify';

interface Told {
  id: string;
  at: string;
  kind: NoticeKind;
  title: string;
  message: string;
  to?: string;
}

type Words = (payload: Payload, run: string) => [kind: NoticeKind, title: string, message: string];

const order = (payload: Payload): string =>
  `${text(payload.side)} ${text(payload.quantity)} ${text(payload.symbol)}, ${text(payload.id)}`;

/** What is worth a toast, and its words. All else is in the activity. */
const WORDS: Record<string, Words> = {
  'run.Completed': (_, run) => ['good', `${run} is completed`, ''],
  'run.Stopped': (_, run) => ['info', `${run} is stopped`, ''],
  'run.Error': (payload, run) => ['bad', `${run} ended in error`, messageOf(payload.error)],
  'run.Paused': (payload, run) => ['warning', `${run} is paused`, text(payload.reason)],
  'orders.Rejected': (payload) => ['bad', 'An order was rejected', `${order(payload)}: ${text(payload.reject_reason)}`],
  'orders.InDoubt': (payload) => ['warning', 'An order is in doubt', `${order(payload)}: the venue is being asked`],
  'risk.Breached': (payload, run) => ['bad', 'A limit was breached', text(payload.message) || run],
  'account.Killed': (payload) => ['bad', 'The kill switch is on', `${text(payload.account)}: ${text(payload.reason)}`],
  'account.Rearmed': (payload) => ['info', 'Orders are allowed again', text(payload.account)],
  'account.Disconnected': (payload) => ['warning', 'An account lost its venue', text(payload.account)],
  'account.Drift': (payload) => ['warning', 'An account differs from its venue', text(payload.account)],
};

/** Return what to tell of an event; nothing of most. */
export function noticeOf(event: Event): Told | null {
  const words = WORDS[event.type];
  if (!words) return null;
  const [kind, title, message] = words(event.payload, event.run_id ?? '');
  const to = event.run_id ? `/runs/${encodeURIComponent(event.run_id)}` : undefined;
  return { id: event.id, at: event.ts, kind, title, message, to };
}
