import type { FieldProblem, Problem } from './schema.gen';

/** A refusal of the API, or the lack of any answer (`status` 0). Its message says what to do next. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly title: string;
  readonly code: string;
  readonly correlationId: string | null;
  readonly errors: FieldProblem[];
  /** All that was said, with the members that only some problems have. */
  readonly body: object;

  constructor(said: {
    status: number;
    title: string;
    detail: string;
    code: string;
    correlationId?: string | null;
    errors?: FieldProblem[] | null;
  }) {
    super(said.detail);
    this.status = said.status;
    this.title = said.title;
    this.code = said.code;
    this.correlationId = said.correlationId ?? null;
    this.errors = said.errors ?? [];
    this.body = said;
  }

  /** Whether asking again later may help: nobody answered, or what is behind the API was away. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}

/** Read what an answer that is no success says. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const correlationId = response.headers.get('X-Correlation-Id');
  const body: unknown = response.headers.get('content-type')?.includes('json') ? await response.json() : null;
  if (isProblem(body)) {
    return new ApiProblem({ ...body, correlationId: body.correlation_id });
  }
  return new ApiProblem({
    status: response.status,
    title: response.statusText || 'Unexpected answer',
    detail: `The server answered ${response.status} without saying why. Is the API up?`,
    code: `http_${response.status}`,
    correlationId,
  });
}

/** What is thrown when no answer comes at all. */
export function unreachable(cause: unknown): ApiProblem {
  const timedOut = cause instanceof DOMException && cause.name === 'TimeoutError';
  return new ApiProblem({
    status: 0,
    title: timedOut ? 'No answer in time' : 'The API is not reached',
    detail: timedOut
      ? 'The API did not answer within 30 seconds. It is asked again when the connection is back.'
      : 'Nobody answers. Is `weaver up` running? What is shown may be old until the connection is back.',
    code: timedOut ? 'timeout' : 'unreachable',
  });
}
