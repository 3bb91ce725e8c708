import { createStore } from '@/lib/store';
import { FrameReader } from './frames';
import { problemOf } from './problem';
import type { Event } from './schema.gen';
import { signedOut } from './session';

export type Connection =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'stale'; since: number }
  | { kind: 'offline'; since: number; reason: string }
  | { kind: 'resting' };

interface Hearing {
  onEvent: (event: Event) => void;
  /** What is shown may be old: after a gap, or because the server says so. */
  onGap: () => void;
}

const ADDRESS = '/api/v1/events/stream';
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const STALE_AFTER = 20_000; // the server sends a comment every 15 s
const DEAD_AFTER = 35_000;
const KEPT_IDS = 2_000;

/**
 * The events of everything, as they happen: one connection a page, opened again with backoff behind the last event.
 *
 * It reads with `fetch` and not with `EventSource`, which shows neither heartbeats nor why it was refused, and so can tell neither a
 * connection that died in a laptop's sleep nor a session that is over.
 */
export class EventStream {
  readonly connection = createStore<Connection>({ kind: 'connecting' });
  private lastId: string | null = null;
  private known = new Set<string>();
  private lastHeard = 0;
  private wakeUp: () => void = () => {};
  private open: AbortController | null = null;
  private isRunning = false;
  private generation = 0;
  private readonly hearing: Hearing;

  constructor(hearing: Hearing) {
    this.hearing = hearing;
  }

  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.generation += 1;
    void this.run(this.generation);
  }

  /** Close the connection, for a page that nobody looks at: a browser gives an origin six of them in all. */
  rest(): void {
    this.isRunning = false;
    this.open?.abort();
    this.wakeUp();
    this.connection.set({ kind: 'resting' });
  }

  /** Connect anew at once: the one that is open may be dead without having said so. */
  renew(): void {
    this.open?.abort();
    this.wakeUp();
    this.start();
  }

  /** Look how long nothing was heard; called every second. */
  check(now: number): void {
    const { kind } = this.connection.get();
    if (kind !== 'live' && kind !== 'stale') return;
    const silence = now - this.lastHeard;
    if (silence > DEAD_AFTER) this.renew();
    else if (silence > STALE_AFTER && kind === 'live') this.connection.set({ kind: 'stale', since: this.lastHeard });
  }

  private async run(generation: number): Promise<void> {
    const isOver = () => !this.isRunning || generation !== this.generation;
    let pause = FIRST_PAUSE;
    let wasOpen = false;
    while (!isOver()) {
      const open = new AbortController();
      this.open = open;
      let reason = 'The connection ended.';
      try {
        const response = await fetch(this.address(), { headers: { Accept: 'text/event-stream' }, signal: open.signal });
        if (!response.ok || !response.body) {
          reason = await this.refused(response);
        } else {
          pause = FIRST_PAUSE;
          if (wasOpen) this.hearing.onGap();
          wasOpen = true;
          await this.listen(response.body, open.signal);
        }
      } catch (cause) {
        if (!open.signal.aborted) reason = cause instanceof TypeError ? 'The API does not answer.' : String(cause);
      }
      if (isOver()) return;
      if (open.signal.aborted) continue;
      this.offline(reason);
      await this.pause(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  private async listen(body: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal): Promise<void> {
    const frames = new FrameReader();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    // A body that waits for a network that is gone may not hear of the abort by itself; one that did is over, and refuses to be cancelled.
    signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true });
    for (;;) {
      this.heard();
      const { done, value } = await reader.read();
      if (done) return;
      this.heard();
      for (const frame of frames.take(value)) this.take(frame.id, frame.data);
    }
  }

  private take(id: string | null, data: string): void {
    if (id !== null) this.lastId = id;
    if (!data) return;
    const event = JSON.parse(data) as Event;
    if (event.type === 'stream.Reset') {
      this.hearing.onGap();
      return;
    }
    if (this.known.has(event.id)) return; // a stream that goes on begins a little before its last event
    this.known.add(event.id);
    if (this.known.size > KEPT_IDS) this.known = new Set([...this.known].slice(KEPT_IDS / 2));
    this.hearing.onEvent(event);
  }

  private async refused(response: Response): Promise<string> {
    const problem = await problemOf(response);
    if (problem.status === 401) {
      signedOut();
      this.isRunning = false;
    }
    if (problem.status === 422) this.lastId = null; // of another server, or of another kind of stream
    return problem.message;
  }

  private heard(): void {
    this.lastHeard = Date.now();
    if (this.connection.get().kind !== 'live') this.connection.set({ kind: 'live' });
  }

  private offline(reason: string): void {
    const before = this.connection.get();
    const since = before.kind === 'offline' ? before.since : Date.now();
    this.connection.set({ kind: 'offline', since, reason });
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds * (0.75 + Math.random() / 2));
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private address(): string {
    return this.lastId === null ? ADDRESS : `${ADDRESS}?last_event_id=${encodeURIComponent(this.lastId)}`;
  }
}
