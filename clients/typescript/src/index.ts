/** A client of MMGT: one portrait and one speech recording in, a video of that person speaking and gesturing out. */
export { Client, Videos, type CallOptions, type ListOptions, type MakeOptions } from "./client.js";
export type { Options } from "./connection.js";
export type { ContentOptions } from "./downloading.js";
export {
  DownloadCorrupt, InvalidRequest, MmgtError, NotCompleted, NotFound, Refused, TryLater, Unauthorised, UnexpectedAnswer,
  Unreachable, WaitTimedOut, WebhookRefused,
} from "./errors.js";
export { EventReader, type FollowOptions, type VideoEvent } from "./events.js";
export type { FileInput } from "./forms.js";
export type { components, paths } from "./openapi.js";
export * from "./types.js";
export type { WaitOptions } from "./waiting.js";
export { verifyWebhook, type WebhookEvent } from "./webhooks.js";
