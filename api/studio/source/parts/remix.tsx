// Another video of the same portrait and voice: only what is changed is sent.

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { messageOf, newKey, send, type Video } from "../api";
import type { Settings } from "../draft";
import { T } from "../texts";
import { Options } from "./options";

interface Props {
  source: Video;
  settings: Settings;
}

const drawSeed = (): string => String(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);

export function Remix({ source, settings }: Props) {
  const { route } = useLocation();
  const [wanted, setWanted] = useState<Settings>(() => ({ ...settings, seed: drawSeed() }));
  const [isSending, setIsSending] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const change = (some: Partial<Settings>): void => setWanted((before) => ({ ...before, ...some }));
  const make = async (): Promise<void> => {
    setIsSending(true);
    setRefused(null);
    try {
      const headers = { "Idempotency-Key": newKey(), "Content-Type": "application/json" };
      const body = JSON.stringify(changes(settings, wanted, source));
      const answer = await send(`/v1/videos/${source.id}/remix`, { method: "POST", headers, body });
      route(`/videos/${((await answer.json()) as Video).id}`);
    } catch (error) {
      setRefused(messageOf(error));
      setIsSending(false);
    }
  };
  return (
    <section class="card" aria-labelledby="remix-title">
      <h2 id="remix-title">{T.video.remix}</h2>
      <p class="quiet small">{T.video.remixHint}</p>
      <div class="stack">
        <Options of={wanted} onChange={change} isNew={false} />
        {refused && (
          <p class="said bad" role="alert">
            {refused}
          </p>
        )}
        <div class="row end">
          <button type="button" class="plain" onClick={() => change({ seed: drawSeed() })}>
            {T.video.newSeed}
          </button>
          <button type="button" class="main" disabled={isSending} onClick={() => void make()}>
            {isSending ? T.make.sending : T.video.remixButton}
          </button>
        </div>
      </div>
    </section>
  );
}

function changes(from: Settings, to: Settings, source: Video): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(to) as [keyof Settings, unknown][]) {
    if (value === from[name]) continue;
    if (name === "name") changed["metadata"] = { ...source.metadata, title: String(value) };
    else if (name === "seed") changed["seed"] = value === "" ? undefined : Number(value);
    else changed[name] = value;
  }
  return changed;
}
