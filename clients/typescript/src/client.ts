/** `Client`: everything that can be asked of the service. */
import { Connection, segment, type Options } from "./connection.js";
import { content, type ContentOptions } from "./downloading.js";
import { follow, type FollowOptions, type VideoEvent } from "./events.js";
import { formOf, type FileInput } from "./forms.js";
import type {
  CreateWishes, Delivery, DeliveryList, Limits, ModelList, Queue, RemixWishes, ValidationReport, Verification, Video,
  VideoDeleted, VideoList, VideoStatus, VoiceList,
} from "./types.js";
import { wait, type WaitOptions } from "./waiting.js";

export interface CallOptions {
  signal?: AbortSignal;
}

export interface MakeOptions extends CallOptions {
  /** The same key and wishes are the same video, for 24 h; one is made, and kept over retries, where it is left out. */
  idempotencyKey?: string;
}

export interface ListOptions extends CallOptions {
  after?: string;
  before?: string;
  limit?: number;
  order?: "asc" | "desc";
  status?: VideoStatus;
  metadata?: Record<string, string>;
}

const LARGEST_PAGE = 100;

/** What `calls` answers; a refusal was thrown before. */
async function told<T>(call: Promise<{ data?: unknown }>): Promise<T> {
  return (await call).data as T;
}

function pathOf(id: string): { video_id: string } {
  return { video_id: segment(id) };
}

function madeWith({ idempotencyKey, signal }: MakeOptions) {
  return {
    headers: { "Idempotency-Key": idempotencyKey ?? crypto.randomUUID() },
    bodySerializer: formOf as (body: unknown) => FormData,
    signal: signal ?? null,
  };
}

/** `client.videos`. */
export class Videos {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Queue a video of the person in `image` speaking `audio`. */
  create(wishes: CreateWishes, options: MakeOptions = {}): Promise<Video> {
    return told(this.#connection.calls.POST("/v1/videos", { body: wishes, ...madeWith(options) }));
  }

  /** Queue `n`, 1 to 4, videos that differ in their seeds, which follow one another: all of them, or none. */
  createTakes(wishes: CreateWishes & { n: number }, options: MakeOptions = {}): Promise<VideoList> {
    return told(this.#connection.calls.POST("/v1/videos", { body: wishes, ...madeWith(options) }));
  }

  /** `create`, then `wait`. */
  async createAndWait(wishes: CreateWishes, options: MakeOptions & WaitOptions = {}): Promise<Video> {
    const video = await this.create(wishes, options);
    return this.wait(video.id, options);
  }

  /** Queue a video from the inputs and fields of another, the seed too; what is given here replaces them. */
  remix(id: string, wishes: RemixWishes = {}, options: MakeOptions = {}): Promise<Video> {
    return told(this.#remix(id, wishes, options));
  }

  /** `remix`, `n` at once, 1 to 4, by seeds that follow one another: all of them, or none. */
  remixTakes(id: string, wishes: RemixWishes & { n: number }, options: MakeOptions = {}): Promise<VideoList> {
    return told(this.#remix(id, wishes, options));
  }

  #remix(id: string, wishes: RemixWishes, options: MakeOptions): Promise<{ data?: unknown }> {
    const params = { path: pathOf(id) };
    const body = Object.keys(wishes).length > 0 ? { body: wishes } : {};
    return this.#connection.calls.POST("/v1/videos/{video_id}/remix", { params, ...body, ...madeWith(options) });
  }

  /** What is wrong with the inputs, and what would be made of them; no video is made. */
  validate(wishes: CreateWishes, { signal }: CallOptions = {}): Promise<ValidationReport> {
    const bodySerializer = formOf as (body: unknown) => FormData;
    return told(
      this.#connection.calls.POST("/v1/videos/validate", { body: wishes, bodySerializer, signal: signal ?? null }),
    );
  }

  /** The video as it is now. */
  retrieve(id: string, { signal }: CallOptions = {}): Promise<Video> {
    return told(
      this.#connection.calls.GET("/v1/videos/{video_id}", { params: { path: pathOf(id) }, signal: signal ?? null }),
    );
  }

  /** The video as soon as it is completed; throws `NotCompleted` where it ends otherwise. */
  wait(id: string, options: WaitOptions = {}): Promise<Video> {
    return wait(this.#connection, id, options);
  }

  /** Each event of a video as it happens, to the last, over broken connections. */
  events(id: string, options: FollowOptions = {}): AsyncGenerator<VideoEvent> {
    return follow(this.#connection, id, options);
  }

  /** A page of your videos, the newest first. */
  list({ signal, ...query }: ListOptions = {}): Promise<VideoList> {
    return told(this.#connection.calls.GET("/v1/videos", { params: { query }, signal: signal ?? null }));
  }

  /** All your videos, one by one, read page by page. */
  async *every(options: Omit<ListOptions, "after" | "before" | "limit"> = {}): AsyncGenerator<Video> {
    for (let after: string | null = null; ; ) {
      const page: VideoList = await this.list({ ...options, limit: LARGEST_PAGE, ...(after ? { after } : {}) });
      yield* page.data;
      if (!page.has_more) return;
      after = page.last_id;
    }
  }

  /** The bytes of one of its files; resumed where the connection breaks. `mmgt-client/node` writes them to a path. */
  content(id: string, options: ContentOptions = {}): Promise<Uint8Array> {
    return content(this.#connection, id, options);
  }

  /** Ask for its end: at once while it waits, within one step while it runs; the video says how far that is. */
  cancel(id: string, { signal }: CallOptions = {}): Promise<Video> {
    const params = { path: pathOf(id) };
    return told(this.#connection.calls.POST("/v1/videos/{video_id}/cancel", { params, signal: signal ?? null }));
  }

  /** Remove it with all that it was made of, for good; one that runs is ended. */
  delete(id: string, { signal }: CallOptions = {}): Promise<VideoDeleted> {
    const params = { path: pathOf(id) };
    return told(this.#connection.calls.DELETE("/v1/videos/{video_id}", { params, signal: signal ?? null }));
  }

  /** Its webhook log. */
  deliveries(id: string, { signal }: CallOptions = {}): Promise<DeliveryList> {
    const params = { path: pathOf(id) };
    return told(this.#connection.calls.GET("/v1/videos/{video_id}/deliveries", { params, signal: signal ?? null }));
  }

  /** Send one of its webhooks again. */
  redeliver(id: string, deliveryId: string, { signal }: CallOptions = {}): Promise<Delivery> {
    const params = { path: { ...pathOf(id), delivery_id: segment(deliveryId) } };
    return told(
      this.#connection.calls.POST("/v1/videos/{video_id}/deliveries/{delivery_id}/redeliver", {
        params,
        signal: signal ?? null,
      }),
    );
  }
}

/** A service. */
export class Client {
  readonly videos: Videos;
  readonly #connection: Connection;

  constructor(options: Options = {}) {
    this.#connection = new Connection(options);
    this.videos = new Videos(this.#connection);
  }

  /** The presets that render workers have loaded, with their limits. */
  models({ signal }: CallOptions = {}): Promise<ModelList> {
    return told(this.#connection.calls.GET("/v1/models", { signal: signal ?? null }));
  }

  /** How busy it is, and the places of your videos. */
  queue({ signal }: CallOptions = {}): Promise<Queue> {
    return told(this.#connection.calls.GET("/v1/queue", { signal: signal ?? null }));
  }

  /** What you may do, how often and how much. */
  limits({ signal }: CallOptions = {}): Promise<Limits> {
    return told(this.#connection.calls.GET("/v1/limits", { signal: signal ?? null }));
  }

  /** Who can speak `text`, and in which languages. */
  voices({ signal }: CallOptions = {}): Promise<VoiceList> {
    return told(this.#connection.calls.GET("/v1/voices", { signal: signal ?? null }));
  }

  /** What the provenance mark of an MP4 says, and whether it fits the bytes. */
  verify(video: FileInput, { signal }: CallOptions = {}): Promise<Verification> {
    const bodySerializer = formOf as (body: unknown) => FormData;
    return told(this.#connection.calls.POST("/v1/verify", { body: { video }, bodySerializer, signal: signal ?? null }));
  }
}
