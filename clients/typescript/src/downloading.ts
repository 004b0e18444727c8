/** A video's files: resumed where the connection broke, and compared with the digest that was told. */
import { chunksOf, videoPath, type Connection } from "./connection.js";
import { DownloadCorrupt, MmgtError } from "./errors.js";
import { pauseMs, sleep } from "./patience.js";
import type { Variant } from "./types.js";

export interface ContentOptions {
  variant?: Variant;
  signal?: AbortSignal;
}

/** The bytes of one of a video's files. */
export async function content(connection: Connection, id: string, options: ContentOptions): Promise<Uint8Array> {
  const path = videoPath(id, `content?variant=${encodeURIComponent(options.variant ?? "video")}`);
  const parts: Uint8Array[] = [];
  let etag: string | null = null;
  for (let failures = 0; ; ) {
    const have = parts.reduce((sum, part) => sum + part.length, 0);
    const range: Record<string, string> = etag && have ? { Range: `bytes=${have}-`, "If-Range": etag } : {};
    let failure: MmgtError;
    try {
      const response = await connection.open(path, { "Accept-Encoding": "identity", ...range }, options.signal);
      if (response.status !== 206) parts.length = 0;
      etag = response.headers.get("etag");
      for await (const chunk of chunksOf(response, connection.patience.timeoutMs, options.signal)) {
        parts.push(chunk);
        if (etag) failures = 0; // without one it begins anew: that is no progress
      }
      return await checked(joined(parts), response);
    } catch (error) {
      if (!(error instanceof MmgtError)) throw error;
      failure = error;
    }
    await sleep(pauseMs(connection.patience, ++failures, failure), options.signal);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes, unless `Repr-Digest` tells others; a page that is no secure context has no SHA-256, and takes them as they are. */
async function checked(bytes: Uint8Array<ArrayBuffer>, response: Response): Promise<Uint8Array> {
  const told = /sha-256=:([^:]*):/.exec(response.headers.get("repr-digest") ?? "")?.[1];
  if (told === undefined || globalThis.crypto?.subtle === undefined) return bytes;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = btoa(String.fromCharCode(...digest));
  if (found !== told) throw new DownloadCorrupt(`SHA-256 is ${found}; ${told} was told`);
  return bytes;
}
