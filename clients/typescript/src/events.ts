/** Server-sent events, read from bytes as they come, and a video's events, followed over broken connections. */
import { chunksOf, videoPath, type Connection } from "./connection.js";
import { MmgtError, Unreachable } from "./errors.js";
import { pauseMs, sleep } from "./patience.js";
import type { Video, VideoStatus } from "./types.js";

export const ENDED: readonly VideoStatus[] = ["completed", "failed", "cancelled", "expired"];
export const SILENT_MS = 30_000; // the service sends at least a comment every 15 s

/** Something that happened to a video; `video` is as it was then, `id` for `lastEventId`. */
export interface VideoEvent {
  id: string;
  type: string;
  video: Video;
}

export interface FollowOptions {
  /** Only what came after this event. */
  lastEventId?: string;
  signal?: AbortSignal;
}

/** Puts chunks of an event stream together; an event is given once its empty line has come. */
export class EventReader {
  #rest = "";
  #id = "";
  #type = "message";
  #data: string[] = [];
  readonly #decoder = new TextDecoder();

  *feed(chunk: Uint8Array): Generator<VideoEvent> {
    // A CR at the end waits for its LF; U+2028 ends no line.
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== "") {
        this.#note(line);
        continue;
      }
      if (this.#data.length > 0) yield { id: this.#id, type: this.#type, video: JSON.parse(this.#data.join("\n")) as Video };
      this.#type = "message";
      this.#data = [];
    }
  }

  #note(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "id") this.#id = value;
    else if (name === "event") this.#type = value;
  }
}

/** One connection: the events of each chunk, often none, for comments come too. Undefined: it has ended, all is had. */
export async function openStream(
  connection: Connection,
  id: string,
  options: FollowOptions,
  silentMs = SILENT_MS,
): Promise<AsyncGenerator<VideoEvent[]> | undefined> {
  const headers = { Accept: "text/event-stream", ...(options.lastEventId ? { "Last-Event-ID": options.lastEventId } : {}) };
  const response = await connection.open(videoPath(id, "events"), headers, options.signal);
  if (response.status === 204) return undefined;
  const reader = new EventReader();
  return (async function* () {
    for await (const chunk of chunksOf(response, silentMs, options.signal)) yield [...reader.feed(chunk)];
  })();
}

/** Each event of a video as it happens, to the last; a connection that breaks is opened again behind what came. */
export async function* follow(connection: Connection, id: string, options: FollowOptions): AsyncGenerator<VideoEvent> {
  let { lastEventId } = options;
  for (let failures = 0, hasEnded = false; !hasEnded; ) {
    let failure: MmgtError = new Unreachable(`the events of ${id} ended before the last`);
    try {
      const stream = await openStream(connection, id, { ...options, ...(lastEventId ? { lastEventId } : {}) });
      if (stream === undefined) return;
      for await (const events of stream) {
        failures = 0;
        for (const event of events) {
          lastEventId = event.id;
          hasEnded = ENDED.includes(event.video.status);
          yield event;
        }
      }
    } catch (error) {
      if (!(error instanceof MmgtError)) throw error;
      failure = error;
    }
    if (!hasEnded) await sleep(pauseMs(connection.patience, ++failures, failure), options.signal);
  }
}
