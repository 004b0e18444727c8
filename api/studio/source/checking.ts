// What the server says about portrait and voice while they are put together: asked again when something changes.

import { effect, signal } from "@preact/signals";

import { isAbort, messageOf, Problem, type Report, send } from "./api";
import { fieldsOf, portrait, type Settings, settings, sound } from "./draft";
import { standing } from "./session";

export type Looking = "idle" | "looking" | "done" | "unavailable";

export const report = signal<Report | null>(null);
export const looking = signal<Looking>("idle");
export const trouble = signal<string | null>(null);

const SETTLED_MS = 450; // after the last change
const SEEN: (keyof Settings)[] = ["model", "quality", "framing", "crop", "allow_silence"]; // what a look depends on

/** Look whenever files or what they are looked at with change. Returns how to stop. */
export function keepLooking(): () => void {
  let asked: AbortController | null = null;
  let timer = 0;
  let last = "";
  const stop = effect(() => {
    const [image, audio] = [portrait.value, sound.value];
    const seen = fieldsOf(settings.value).filter(([name]) => SEEN.includes(name as keyof Settings));
    const isOpen = standing.value === "open";
    const now = JSON.stringify([image && stamp(image), audio && stamp(audio), seen, isOpen]);
    if (now === last) return;
    last = now;
    clearTimeout(timer);
    asked?.abort();
    if (!image || !audio || !isOpen) {
      report.value = null;
      looking.value = "idle";
      trouble.value = null;
      return;
    }
    looking.value = "looking";
    asked = new AbortController();
    const { signal: isOver } = asked;
    timer = window.setTimeout(() => void look(image, audio, seen, isOver), SETTLED_MS);
  });
  return () => {
    stop();
    clearTimeout(timer);
    asked?.abort();
  };
}

const stamp = (file: File): string => `${file.name} ${file.size} ${file.lastModified}`;

async function look(image: File, audio: File, seen: [string, string][], signal: AbortSignal): Promise<void> {
  const form = new FormData();
  for (const [name, value] of seen) form.append(name, value);
  form.append("image", image);
  form.append("audio", audio);
  try {
    const answer = await send("/v1/videos/validate?looks=true", { method: "POST", body: form, signal });
    report.value = (await answer.json()) as Report;
    looking.value = "done";
    trouble.value = null;
  } catch (error) {
    if (isAbort(error)) return;
    report.value = null;
    if (error instanceof Problem && error.errors.length) {
      report.value = refusal(error);
      looking.value = "done";
      trouble.value = null;
    } else {
      looking.value = "unavailable";
      trouble.value = messageOf(error);
      const waitS = error instanceof Problem ? error.retryAfterS : 0;
      if (waitS) setTimeout(() => !signal.aborted && void look(image, audio, seen, signal), 1000 * waitS);
    }
  }
}

/** A refusal of the request itself says the same as findings of a look. */
function refusal(problem: Problem): Report {
  return {
    object: "video.validation", valid: false, findings: problem.errors, warnings: [], crop: null, frame: null,
    size: null, keypoints: null, seconds: null, num_frames: null, segments: null, estimate_s: null,
  };
}
