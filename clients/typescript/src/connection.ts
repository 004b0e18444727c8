/** Where a service is, and how it is asked: typed calls that try again, and answers that are read as they come. */
import createClient, { type Client as Calls } from "openapi-fetch";
import type { paths } from "./openapi.js";
import { answered, patientFetch, toFailure, type Patience } from "./patience.js";

export interface Options {
  /** Of the service, with or without `/v1`; else `MMGT_BASE_URL`, `MMGT_URL`, or this machine's port 8000. */
  baseUrl?: string;
  /** Else `MMGT_API_KEY`, or `MMGT_KEY`; a service on loopback may need none. */
  apiKey?: string;
  /** Until a request without files is answered; 60 s. */
  timeoutMs?: number;
  /** In a row, after a lost connection or where the service says `later`; 4. */
  maxRetries?: number;
}

const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};

export class Connection {
  readonly baseUrl: string;
  readonly patience: Patience;
  readonly calls: Calls<paths>;
  readonly #headers: Record<string, string>;

  constructor(options: Options) {
    const address = options.baseUrl ?? environment["MMGT_BASE_URL"] ?? environment["MMGT_URL"] ?? "http://127.0.0.1:8000";
    const key = (options.apiKey ?? environment["MMGT_API_KEY"] ?? environment["MMGT_KEY"] ?? "").trim();
    if (!/^https?:\/\/[^/]/.test(address.trim())) throw new TypeError(`${address} is no address of a service`);
    if (!/^[!-~]*$/.test(key)) throw new TypeError("the key has a character that no header can carry");
    this.baseUrl = address.trim().replace(/\/+$/, "").replace(/\/v1$/, "");
    this.patience = { maxRetries: options.maxRetries ?? 4, timeoutMs: options.timeoutMs ?? 60_000 };
    this.#headers = key ? { Authorization: `Bearer ${key}` } : {};
    this.calls = createClient<paths>({
      baseUrl: this.baseUrl,
      headers: this.#headers,
      fetch: patientFetch(this.patience),
      redirect: "manual",
    });
  }

  /** One try at an answer whose body is read as it comes; none of a refusal. */
  async open(path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error("no answer in time")), this.patience.timeoutMs);
    const ends = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]);
    const request = { headers: { ...this.#headers, ...headers }, redirect: "manual" as const, signal: ends };
    try {
      return await answered(await fetch(this.baseUrl + path, request), `GET ${path}`);
    } catch (error) {
      throw toFailure(error, signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** An id, which may be no step elsewhere: empty, or dots. */
export function segment(id: string): string {
  if (/^\.*$/.test(id)) throw new TypeError(`${JSON.stringify(id)} is no id`);
  return id;
}

/** A video's path; the id stays one segment, whatever stands in it. */
export function videoPath(id: string, rest: string): string {
  return `/v1/videos/${encodeURIComponent(segment(id))}/${rest}`;
}

/** The chunks of a body; silence of so many milliseconds is a broken connection. */
export async function* chunksOf(response: Response, silentMs: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body!.getReader();
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not a byte for ${silentMs} ms`)), silentMs);
      });
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw toFailure(error, signal);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
