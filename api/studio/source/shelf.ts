// The library's videos: pages of the service joined into one list, kept up to date while some of them are being made.

import { signal } from "@preact/signals";

import { client, isAbort, messageOf, type Video } from "./api";
import { hasEnded } from "./follow";

const PAGE = 100; // the most that the service gives at a time

export interface Wish {
  status: string;
  order: "asc" | "desc";
  search: string;
}

export const wish = signal<Wish>({ status: "", order: "desc", search: "" });
export const videos = signal<Video[]>([]);
export const hasMore = signal(true);
export const isLoading = signal(false);
export const trouble = signal<string | null>(null);

let asked = new AbortController();

/** Begin the list anew, as it is wished now. */
export function reload(): void {
  asked.abort();
  asked = new AbortController();
  videos.value = [];
  hasMore.value = true;
  isLoading.value = false;
  void loadMore();
}

export async function loadMore(): Promise<void> {
  if (isLoading.value || !hasMore.value) return;
  isLoading.value = true;
  const { signal } = asked;
  try {
    const last = videos.value.at(-1)?.id;
    const page = await pageOf(last, signal);
    videos.value = [...videos.value, ...page.data];
    hasMore.value = page.has_more;
    trouble.value = null;
  } catch (error) {
    if (isAbort(error)) return;
    trouble.value = messageOf(error);
    hasMore.value = false;
  }
  if (!signal.aborted) isLoading.value = false;
}

/** Look again at the newest page: what has changed, and what is new. */
export async function refresh(): Promise<void> {
  if (isLoading.value || document.hidden) return;
  const { signal } = asked;
  try {
    const page = await pageOf(undefined, signal);
    if (signal.aborted) return;
    const fresh = new Map(page.data.map((video) => [video.id, video]));
    const known = new Set(videos.value.map((video) => video.id));
    const isNew = page.data.filter((video) => !known.has(video.id));
    const kept = videos.value.map((video) => fresh.get(video.id) ?? video);
    videos.value = wish.value.order === "desc" ? [...isNew, ...kept] : kept;
  } catch {
    return; // the next look will tell
  }
}

export const areSomeLive = (): boolean => videos.value.some((video) => !hasEnded(video));

export function forget(ids: Set<string>): void {
  videos.value = videos.value.filter((video) => !ids.has(video.id));
}

async function pageOf(after: string | undefined, signal: AbortSignal) {
  const { status, order, search } = wish.value;
  const pair = metadataOf(search);
  const query = {
    limit: PAGE,
    order,
    ...(after ? { after } : {}),
    ...(status ? { status: status as Video["status"] } : {}),
    ...(pair ? { metadata: { [pair[0]]: pair[1] } } : {}),
  };
  const answer = await client.GET("/v1/videos", { params: { query }, signal });
  if (!answer.data) throw new Error("the list is empty");
  return answer.data;
}

/** `key=value` is looked for by the service itself. */
export function metadataOf(search: string): [string, string] | null {
  const found = /^\s*([^=\s]+)\s*=\s*(.+?)\s*$/.exec(search);
  return found ? [found[1] ?? "", found[2] ?? ""] : null;
}

/** What fits the search among those that are here. */
export function fitting(all: Video[], search: string): Video[] {
  const words = search.trim().toLowerCase();
  if (!words || metadataOf(search)) return all;
  return all.filter((video) =>
    [video.id, video.model, String(video.seed), video.prompt ?? "", ...Object.values(video.metadata)]
      .join(" ")
      .toLowerCase()
      .includes(words),
  );
}
