/** What can go wrong for a caller: one class for each thing that is answered differently. None of them knows the key. */
import type { Finding, Video } from "./types.js";

/** Everything that this client throws for what happened outside it. */
export class MmgtError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** Nobody answered, or the connection broke, more often than was worth a new try. */
export class Unreachable extends MmgtError {}

/** An answer that is none of this service: the address may be another one's, or a proxy speaks for it. */
export class UnexpectedAnswer extends MmgtError {
  constructor(
    readonly status: number,
    readonly retryAfterMs: number | undefined,
    what: string,
  ) {
    super(`HTTP ${status} to ${what}, and no JSON; is it this service?`);
  }
}

/** The service said no: `code` for programs (the table is in docs/http-api.md), `param` the field at fault. */
export class Refused extends MmgtError {
  readonly code: string | undefined;
  readonly param: string | undefined;
  readonly findings: Finding[];

  constructor(
    readonly status: number,
    problem: Record<string, unknown>,
    /** What the operator finds it by. */
    readonly requestId: string | undefined,
    readonly retryAfterMs: number | undefined,
  ) {
    const error = (problem["error"] ?? {}) as { code?: string; param?: string | null };
    super(`${problem["detail"] ?? problem["title"]} (HTTP ${status} ${error.code}, request ${requestId})`);
    this.code = error.code;
    this.param = error.param ?? undefined;
    this.findings = (problem["errors"] ?? []) as Finding[];
  }
}

/** What was sent is wrong, and would be again: 400, 408, 413, 415, 416, 422, 431. */
export class InvalidRequest extends Refused {}
/** The key is missing, unknown or revoked: 401, 403. */
export class Unauthorised extends Refused {}
/** There is no such video, or no longer, or it has no such file: 404, 410. */
export class NotFound extends Refused {}
/** Not now; the same may succeed later: 409, 429, 502, 503, 504. */
export class TryLater extends Refused {}

const KINDS: readonly (readonly [typeof Refused, readonly number[]])[] = [
  [InvalidRequest, [400, 408, 413, 415, 416, 422, 431]],
  [Unauthorised, [401, 403]],
  [NotFound, [404, 410]],
  [TryLater, [409, 429, 502, 503, 504]],
];

export function kindOf(status: number): typeof Refused {
  return KINDS.find(([, statuses]) => statuses.includes(status))?.[0] ?? Refused;
}

/** A video that was waited for ended without a file: failed, cancelled or expired. */
export class NotCompleted extends MmgtError {
  readonly code: string | undefined;
  readonly retryable: boolean;

  constructor(readonly video: Video) {
    super(`${video.id} ended as ${video.status}` + (video.error ? `: ${video.error.message}` : ""));
    this.code = video.error?.code;
    this.retryable = video.error?.retryable ?? false;
  }
}

/** The video has not ended in the time that was given; it goes on. */
export class WaitTimedOut extends MmgtError {
  constructor(readonly video: Video) {
    super(`${video.id} is still ${video.status} at ${video.progress} %`);
  }
}

/** A file came whole, and is not the one whose digest the service told. */
export class DownloadCorrupt extends MmgtError {}

/** A delivery that the service did not sign, or not now: answer 401. */
export class WebhookRefused extends MmgtError {}
