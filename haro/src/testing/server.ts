import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import type { Problem } from '@/api/schema.gen';

/** A stream of events that a test writes to. */
export class FakeStream {
  private readonly open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly asked: string[] = [];

  answer(request: Request): Response {
    this.asked.push(new URL(request.url).searchParams.get('last_event_id') ?? '');
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given;
        this.open.add(given);
        given.enqueue(new TextEncoder().encode('retry: 3000\nid: 1~now\n\n'));
      },
      cancel: () => void this.open.delete(controller),
    });
    return new HttpResponse(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  /** Tell all who listen of an event; what is not said of it does not matter. */
  tell(event: { id: string; type: string; run_id?: string | null; payload?: Record<string, unknown> }): void {
    const whole = {
      version: 1,
      run_id: null,
      corr_id: 'c',
      causation_id: null,
      ts: new Date().toISOString(),
      producer: 'test',
    };
    const data = JSON.stringify({ ...whole, payload: {}, ...event });
    const frame = `id: 2~${event.id}\nevent: ${event.type}\ndata: ${data}\n\n`;
    for (const controller of this.open) controller.enqueue(new TextEncoder().encode(frame));
  }

  /** Cut the connections, as a server that dies does. */
  cut(): void {
    for (const controller of this.open) controller.close();
    this.open.clear();
  }

  get listeners(): number {
    return this.open.size;
  }
}

/** The whole address of a route, as handlers name it. */
export const at = (path: string): string => `${window.location.origin}/api/v1${path}`;

/** A list as the API pages it. */
export function listing<T>(items: T[], total = items.length) {
  return HttpResponse.json({ items, total, page: 1, page_size: 50 } as object);
}

/** A refusal as the API writes it. */
export function refusal(problem: Pick<Problem, 'status' | 'code' | 'detail'> & Partial<Problem>) {
  const whole = {
    type: `urn:weaver:problem:${problem.code}`,
    title: problem.code,
    correlation_id: 'corr-1',
    ...problem,
  };
  return HttpResponse.json(whole, { status: problem.status, headers: { 'content-type': 'application/problem+json' } });
}

export const stream = { current: new FakeStream() };

/** What every page asks for; tests add what theirs asks for with `server.use`. */
export const server = setupServer(http.get(at('/events/stream'), ({ request }) => stream.current.answer(request)));
