// What a person has put together and not sent yet; kept in the browser's own store, so that a reload loses nothing.

import { effect, signal } from "@preact/signals";

export interface Settings {
  name: string;
  model: string;
  quality: string;
  framing: string;
  backdrop: string;
  transcript: string;
  crop: string;
  seed: string;
  gesture_strength: number;
  head_strength: number;
  smoothing: number;
  loop: boolean;
  start_pose: string;
  allow_silence: boolean;
  consent: boolean;
}

/** What the service takes where a field is not sent. */
export const DEFAULTS: Settings = {
  name: "",
  model: "",
  quality: "",
  framing: "square",
  backdrop: "keep",
  transcript: "",
  crop: "auto",
  seed: "",
  gesture_strength: 1,
  head_strength: 1,
  smoothing: 0,
  loop: false,
  start_pose: "off",
  allow_silence: false,
  consent: false,
};

export const portrait = signal<File | null>(null);
export const sound = signal<File | null>(null);
export const settings = signal<Settings>({ ...DEFAULTS });
export const isRestored = signal(false);

export function change(some: Partial<Settings>): void {
  settings.value = { ...settings.value, ...some };
}

export function startOver(): void {
  portrait.value = null;
  sound.value = null;
  settings.value = { ...DEFAULTS };
}

/** The fields of a create: those that differ from what the service takes by itself. */
export function fieldsOf(some: Settings): [string, string][] {
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(some) as [keyof Settings, string | number | boolean][]) {
    if (value === DEFAULTS[name]) continue;
    fields.push([name === "name" ? "metadata[title]" : name, String(value)]);
    if (name === "transcript") fields.push(["captions", "vtt"]); // it is told for nothing else
  }
  return fields;
}

const STORE = "draft";
const CURRENT = "current";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("mmgt-studio", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

interface Kept {
  portrait: File | null;
  sound: File | null;
  settings: Settings;
}

/** Bring back what was there, and keep what changes from now on. A browser that keeps nothing stops nobody. */
export async function restoreDraft(): Promise<void> {
  let database: IDBDatabase;
  try {
    database = await opened();
    const kept = await new Promise<Kept | undefined>((resolve, reject) => {
      const request = database.transaction(STORE).objectStore(STORE).get(CURRENT);
      request.onsuccess = () => resolve(request.result as Kept | undefined);
      request.onerror = () => reject(request.error);
    });
    if (kept && !portrait.value && !sound.value) {
      portrait.value = kept.portrait;
      sound.value = kept.sound;
      settings.value = { ...DEFAULTS, ...kept.settings };
    }
  } catch {
    isRestored.value = true;
    return;
  }
  isRestored.value = true;
  effect(() => {
    const kept: Kept = { portrait: portrait.value, sound: sound.value, settings: settings.value };
    database.transaction(STORE, "readwrite").objectStore(STORE).put(kept, CURRENT);
  });
}
