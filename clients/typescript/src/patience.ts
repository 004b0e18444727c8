/** When a request is sent again: after a lost connection and where the service says `later`, as long as it asks. */
import { kindOf, MmgtError, Refused, UnexpectedAnswer, Unreachable } from "./errors.js";

const PASSING = [429, 502, 503, 504];
const IN_CONFLICT = 409; // passes only where the answer says when: a key's first request is in flight
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const LONGEST_RETRY_AFTER_MS = 120_000; // who is asked to wait longer is told instead
const UPLOAD_MS = 600_000; // the service gives an upload ten minutes, and `fetch` does not say when it is sent

export interface Patience {
  maxRetries: number;
  /** Until a request without files is answered. */
  timeoutMs: number;
}

/** Milliseconds until the next try; throws the failure itself where another is not due. */
export function pauseMs(patience: Patience, failures: number, failure: MmgtError): number {
  const isAnswer = failure instanceof Refused || failure instanceof UnexpectedAnswer;
  const asked = isAnswer ? failure.retryAfterMs : undefined;
  const passes = isAnswer
    ? PASSING.includes(failure.status) || (failure.status === IN_CONFLICT && asked !== undefined)
    : failure instanceof Unreachable;
  if (!passes || failures > patience.maxRetries || (asked ?? 0) > LONGEST_RETRY_AFTER_MS) throw failure;
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return asked ?? longest * (0.5 + Math.random() / 2);
}

/** `fetch` that tries again; throws for a refusal. */
export function patientFetch(patience: Patience): (request: Request) => Promise<Response> {
  return async (request) => {
    for (let failures = 1; ; failures++) {
      let failure: MmgtError;
      try {
        return await fetchOnce(request.clone(), request.body === null ? patience.timeoutMs : UPLOAD_MS);
      } catch (error) {
        failure = toFailure(error, request.signal);
      }
      await sleep(pauseMs(patience, failures, failure), request.signal);
    }
  };
}

/** One try: an answer that has been read whole, and is none of a refusal. */
async function fetchOnce(request: Request, timeoutMs: number): Promise<Response> {
  const what = `${request.method} ${new URL(request.url).pathname}`;
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
  const response = await answered(await fetch(request, { signal, redirect: "manual" }), what);
  const body = await response.text();
  if (typeof parsed(body) !== "object") throw new UnexpectedAnswer(response.status, retryAfterMs(response), what);
  return new Response(body, { status: response.status, headers: response.headers });
}

/** The response, unless it is a refusal. */
export async function answered(response: Response, what: string): Promise<Response> {
  if (response.ok) return response;
  const problem = parsed(await response.text());
  if (response.status < 400 || typeof problem !== "object" || problem === null) {
    throw new UnexpectedAnswer(response.status, retryAfterMs(response), what);
  }
  const Kind = kindOf(response.status);
  const requestId = response.headers.get("x-request-id") ?? undefined;
  throw new Kind(response.status, problem as Record<string, unknown>, requestId, retryAfterMs(response));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an error of `fetch` means; an abort by the caller stays what it is. */
export function toFailure(error: unknown, signal?: AbortSignal | null): MmgtError {
  if (signal?.aborted) throw signal.reason;
  if (error instanceof MmgtError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return new Unreachable(`${error instanceof Error ? error.message : error}${cause}`, { cause: error });
}

/** `Retry-After`, which is seconds, or a date as proxies send it. */
export function retryAfterMs(response: Response): number | undefined {
  const text = response.headers.get("retry-after") ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

export function sleep(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
