import createClient, { type Middleware } from 'openapi-fetch';
import { problemOf, unreachable } from './problem';
import type { paths } from './schema.gen';
import { signedOut } from './session';

const READ_LIMIT_MILLISECONDS = 30_000;

const refusals: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.status === 401) signedOut();
    throw await problemOf(response);
  },
};

async function send(request: Request): Promise<Response> {
  // Only reads end by themselves: what a write did is not known when its answer is not waited for.
  const limits = request.method === 'GET' ? { signal: limited(request.signal) } : undefined;
  try {
    return await globalThis.fetch(request, limits);
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw unreachable(cause);
  }
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(READ_LIMIT_MILLISECONDS)]);
}

/** The API, typed by its OpenAPI document. What it refuses is thrown as `ApiProblem`. */
export const api = createClient<paths>({
  baseUrl: globalThis.location.origin,
  fetch: send,
  // `status=a&status=b`, as the API reads lists.
  querySerializer: { array: { style: 'form', explode: true } },
});
api.use(refusals);

/** Wait for an answer and return its body. Routes that give CSV or files as well are asked for JSON here: `download` is for the others. */
export async function answered<T>(answer: Promise<{ data?: T }>): Promise<Exclude<NonNullable<T>, string>> {
  const { data } = await answer;
  return data as Exclude<NonNullable<T>, string>;
}

/** The address of what is downloaded by a link, under the API. */
export function download(path: string, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `/api/v1${path}${search ? `?${search}` : ''}`;
}
