// What the page knows of the service while it is open: limits, models, how busy it is.

import { signal } from "@preact/signals";

import { client, isLockedOut, keepKey, type Limits, type Model, Problem, type Queue } from "./api";

export type Standing = "asking" | "open" | "locked" | "offline";

export const standing = signal<Standing>("asking");
export const limits = signal<Limits | null>(null);
export const models = signal<Model[]>([]);
export const queue = signal<Queue | null>(null);

/** Learn whether the service answers us, and what it can do. */
export async function enter(): Promise<void> {
  try {
    const mine = await client.GET("/v1/limits");
    limits.value = mine.data ?? null;
    const known = await client.GET("/v1/models");
    models.value = known.data?.data ?? [];
    isLockedOut.value = false;
    standing.value = "open";
    await lookAtQueue();
  } catch (error) {
    standing.value = error instanceof Problem && error.status === 401 ? "locked" : "offline";
  }
}

export async function lookAtQueue(): Promise<void> {
  try {
    queue.value = (await client.GET("/v1/queue")).data ?? null;
    if (!models.value.length) models.value = (await client.GET("/v1/models")).data?.data ?? [];
  } catch {
    queue.value = null;
  }
}

export function leave(): void {
  keepKey("");
  limits.value = null;
  standing.value = "locked";
}

/** Seconds until a video made now would begin; null where nobody can say. */
export function waitSeconds(model: string): number | null {
  const own = queue.value?.data.find((each) => each.model === model);
  return own?.estimated_wait_seconds ?? null;
}
