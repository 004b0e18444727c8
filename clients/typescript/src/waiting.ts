/** Waiting for a video to end: by its events where they come, by asking where they do not. */
import { segment, type Connection } from "./connection.js";
import { MmgtError, NotCompleted, WaitTimedOut } from "./errors.js";
import { ENDED, openStream, SILENT_MS } from "./events.js";
import { retryAfterMs, sleep } from "./patience.js";
import type { Video } from "./types.js";

const STREAMS_TRIED = 3; // in a row that tell nothing, as behind a proxy that keeps what it should pass on
const ASK_AFTER_MS = 2_000; // where the service does not say

export interface WaitOptions {
  /** Called with the video at each of its events, from its first on. */
  onProgress?: (video: Video) => void;
  /** However long it takes, where it is left out. Looked at with each sign of life, so within 15 s. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What the caller was told, and until when it waits. */
class Watch {
  lastEventId: string | undefined;
  #told: Video | undefined;
  readonly #endsAt: number;

  constructor(readonly options: WaitOptions) {
    this.#endsAt = performance.now() + (options.timeoutMs ?? Infinity);
  }

  /** Pass a change on. A stream that begins anew repeats old ones: those are not told. */
  tell(video: Video): void {
    const before = this.#told;
    if (before && (isEarlier(video, before) || JSON.stringify(video) === JSON.stringify(before))) return;
    this.#told = video;
    this.options.onProgress?.(video);
  }

  leftMs(video: Video): number {
    const left = this.#endsAt - performance.now();
    if (left <= 0) throw new WaitTimedOut(video);
    return left;
  }
}

function isEarlier(video: Video, than: Video): boolean {
  if (video.attempt !== than.attempt) return video.attempt < than.attempt;
  const [ended, endedBefore] = [ENDED.includes(video.status), ENDED.includes(than.status)];
  return ended === endedBefore ? video.progress < than.progress : endedBefore;
}

/** The video as soon as it is completed; throws where it ends otherwise. */
export async function wait(connection: Connection, id: string, options: WaitOptions): Promise<Video> {
  const watch = new Watch(options);
  let { video, askAfterMs } = await look(connection, id, options);
  for (let streams = 0; !ENDED.includes(video.status); ) {
    if (streams < STREAMS_TRIED) streams = (await hear(connection, video, watch)) ? 0 : streams + 1;
    if (streams > 0) await sleep(Math.min(askAfterMs, watch.leftMs(video)), options.signal);
    ({ video, askAfterMs } = await look(connection, id, options));
    watch.tell(video);
  }
  watch.tell(video);
  if (video.status !== "completed") throw new NotCompleted(video);
  return video;
}

async function look(connection: Connection, id: string, { signal }: WaitOptions): Promise<{ video: Video; askAfterMs: number }> {
  const { data, response } = await connection.calls.GET("/v1/videos/{video_id}", {
    params: { path: { video_id: segment(id) } },
    signal: signal ?? null,
  });
  return { video: data as Video, askAfterMs: retryAfterMs(response) ?? ASK_AFTER_MS };
}

/** Pass events on until the stream ends or breaks; false when nothing came. The record is the truth: ask it then. */
async function hear(connection: Connection, video: Video, watch: Watch): Promise<boolean> {
  let isTold = false;
  const { signal } = watch.options;
  const from = { ...(watch.lastEventId ? { lastEventId: watch.lastEventId } : {}), ...(signal ? { signal } : {}) };
  try {
    const stream = await openStream(connection, video.id, from, Math.min(SILENT_MS, watch.leftMs(video)));
    if (stream === undefined) return true;
    for await (const events of stream) {
      isTold = true;
      for (const event of events) {
        watch.lastEventId = event.id;
        video = event.video;
        watch.tell(video);
      }
      watch.leftMs(video);
    }
  } catch (error) {
    if (!(error instanceof MmgtError) || error instanceof WaitTimedOut) throw error;
  }
  return isTold;
}
