// A job's events with its key: read as a stream, and taken up again after the last one when the line is lost.

import { isAbort, Problem, send, type Video } from "./api";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const LAST = new Set(["completed", "failed", "cancelled", "expired"]);

export interface Told {
  video: Video;
  event: string;
}

export const hasEnded = (video: Video): boolean => LAST.has(video.status);

/** Tell every event of a video, the old ones first, until it has ended or `signal` says stop. */
export async function follow(
  id: string,
  tell: (told: Told) => void,
  lost: (isLost: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastId = "";
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = lastId ? { "Last-Event-ID": lastId } : {};
      const response = await send(`/v1/videos/${encodeURIComponent(id)}/events`, { headers, signal });
      lost(false);
      if (response.status === 204 || !response.body) return;
      for await (const message of messagesOf(response.body)) {
        waitMs = FIRST_WAIT_MS;
        if (message.id) lastId = message.id;
        if (!message.data) continue;
        const video = JSON.parse(message.data) as Video;
        tell({ video, event: message.event });
        if (hasEnded(video)) return;
      }
    } catch (error) {
      if (isAbort(error)) return;
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
      lost(true);
    }
    await pause(waitMs, signal);
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  }
}

interface Message {
  id: string;
  event: string;
  data: string;
}

async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value.replaceAll("\r\n", "\n");
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) yield messageOf(block);
  }
}

function messageOf(block: string): Message {
  const message: Message = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const [name = "", ...rest] = line.split(":");
    const value = rest.join(":").replace(/^ /, "");
    if (name === "id") message.id = value;
    if (name === "event") message.event = value;
    if (name === "data") message.data += value;
  }
  return message;
}

/** A while, or until the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end);
    signal.addEventListener("abort", end, { once: true });
  });
}
