// The service as the page knows it: types from our own schema, the key, and every refusal as a Problem.

import { signal } from "@preact/signals";
import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "../built/schema";
import { T } from "./texts";

export type Video = components["schemas"]["Video"];
export type Report = components["schemas"]["ValidationReport"];
export type Model = components["schemas"]["ModelBody"];
export type Limits = components["schemas"]["LimitsBody"];
export type Queue = components["schemas"]["QueueBody"];
export type Verification = components["schemas"]["Verification"];
export type Finding = components["schemas"]["FindingBody"];

const KEY = "mmgt-key";
const OFFLINE = 0;

/** What the service refused, or that it cannot be reached (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: Finding[] = [],
    readonly retryAfterS = 0,
  ) {
    super(message);
  }
  get isOffline(): boolean {
    return this.status === OFFLINE;
  }
}

export const key = signal(sessionStorage.getItem(KEY) ?? "");
export const isLockedOut = signal(false);

export function keepKey(value: string): void {
  key.value = value;
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

async function problemOf(response: Response): Promise<Problem> {
  const retryAfterS = Number(response.headers.get("Retry-After") ?? 0);
  try {
    const body = (await response.json()) as components["schemas"]["ProblemBody"];
    return new Problem(response.status, body.error.code, body.detail, body.errors, retryAfterS);
  } catch {
    return new Problem(response.status, "unknown", `${response.status} ${response.statusText}`, [], retryAfterS);
  }
}

async function refuse(response: Response): Promise<never> {
  const problem = await problemOf(response);
  if (problem.status === 401) isLockedOut.value = true;
  throw problem;
}

function unreachable(error: unknown): Error {
  if (error instanceof Problem || (error instanceof DOMException && error.name === "AbortError")) return error;
  return new Problem(OFFLINE, "offline", T.errors.offline);
}

const guard: Middleware = {
  onRequest({ request }) {
    if (key.value) request.headers.set("Authorization", `Bearer ${key.value}`);
    return request;
  },
  async onResponse({ response }) {
    if (response.status >= 400) await refuse(response);
  },
  onError({ error }) {
    return unreachable(error);
  },
};

export const client = createClient<paths>({ baseUrl: location.origin });
client.use(guard);

/** A request that the typed client has no shape for: uploads, streams, files. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (key.value) headers.set("Authorization", `Bearer ${key.value}`);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    throw unreachable(error);
  }
  if (response.status >= 400) await refuse(response);
  return response;
}

export function contentPath(id: string, variant: string): string {
  return `/v1/videos/${encodeURIComponent(id)}/content?variant=${variant}`;
}

/** Random and unguessable also where a page has no secure context. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
