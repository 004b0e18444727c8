// Files on their way into the draft: which is which, whether the server would take them, and the samples.

import { signal } from "@preact/signals";

import { portrait, settings, sound } from "./draft";
import { limits } from "./session";
import { T } from "./texts";
import { bytes } from "./words";

declare const SAMPLES: Record<string, string>;

export const fileTrouble = signal<string | null>(null);

const PICTURE = /^image\//;
const SOUND = /^(audio|video)\//;

export function take(files: Iterable<File>): void {
  fileTrouble.value = null;
  for (const file of files) {
    if (PICTURE.test(file.type)) put(file, "max_image_bytes", setPortrait);
    else if (SOUND.test(file.type) || /\.(wav|w64|flac|mp3|ogg|opus|m4a|aac|webm|mkv)$/i.test(file.name))
      put(file, "max_audio_bytes", setSound);
    else fileTrouble.value = T.create.wrongKind(file.name);
  }
}

export function setPortrait(file: File): void {
  portrait.value = file;
  settings.value = { ...settings.value, crop: "auto", consent: false }; // both belong to the picture before
}

export function setSound(file: File): void {
  sound.value = file;
}

function put(file: File, limitName: string, set: (file: File) => void): void {
  const limit = Number(limits.value?.uploads[limitName] ?? Infinity);
  if (file.size > limit) {
    fileTrouble.value = T.create.tooLarge(file.name, bytes(file.size), bytes(limit));
    return;
  }
  set(file);
}

export const sampleNames = Object.keys(SAMPLES)
  .filter((name) => name.endsWith(".png"))
  .map((name) => name.replace(".png", ""));

export const samplePicture = (name: string): string => SAMPLES[`${name}.png`] ?? "";

export async function takeSample(name: string): Promise<void> {
  fileTrouble.value = null;
  const [image, audio] = await Promise.all([fetched(`${name}.png`, "image/png"), fetched(`${name}.wav`, "audio/wav")]);
  setPortrait(image);
  setSound(audio);
}

async function fetched(name: string, type: string): Promise<File> {
  const response = await fetch(SAMPLES[name] ?? "");
  return new File([await response.blob()], name, { type, lastModified: 0 });
}
