// The preview while it grows: one open answer, fed to a MediaSource piece by piece.

import { contentPath, isAbort, send } from "./api";

/** Play what has been rendered so far into `player`, and go on as more comes. Resolves when no more comes. */
export async function playPreview(id: string, player: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  const source = new MediaSource();
  const url = URL.createObjectURL(source);
  signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  const isOpen = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  player.src = url;
  try {
    const response = await send(contentPath(id, "preview"), { signal });
    await isOpen;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let buffer: SourceBuffer | null = null;
    let head = new Uint8Array();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      let piece = value;
      if (!buffer) {
        head = joined(head, value);
        const codecs = codecsOf(head);
        if (!codecs) continue;
        buffer = source.addSourceBuffer(`video/mp4; codecs="${codecs}"`);
        piece = head;
      }
      await appended(buffer, piece);
      if (player.paused && player.currentTime === 0) void player.play().catch(() => undefined);
    }
    if (source.readyState === "open") source.endOfStream();
  } catch (error) {
    if (!isAbort(error) && source.readyState === "open") source.endOfStream();
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** What the head of the file says is in it; null while it is not whole. */
function codecsOf(head: Uint8Array): string | null {
  const text = new TextDecoder("latin1").decode(head);
  const at = text.indexOf("avcC");
  if (at < 0 || text.indexOf("moof") < 0) return null;
  const hex = [...head.slice(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `avc1.${hex}${text.includes("mp4a") ? ",mp4a.40.2" : ""}`;
}

function appended(buffer: SourceBuffer, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    buffer.addEventListener("updateend", () => resolve(), { once: true });
    buffer.addEventListener("error", () => reject(new Error("the preview cannot be played")), { once: true });
    buffer.appendBuffer(piece as Uint8Array<ArrayBuffer>);
  });
}
