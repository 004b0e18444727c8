/** Files on a disk, for Node. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { Client } from "./client.js";
import type { ContentOptions } from "./downloading.js";

/** A file to send. */
export async function fileFrom(path: string): Promise<Blob> {
  return new Blob([await readFile(path)]);
}

/** Write one of a video's files; it lies there whole, or not at all. */
export async function download(client: Client, id: string, path: string, options: ContentOptions = {}): Promise<string> {
  const bytes = await client.videos.content(id, options);
  const part = `${path}.part`;
  try {
    await writeFile(part, bytes);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
  return path;
}
