// The button that makes the video, and what it will take.

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { messageOf, newKey, send, type Video } from "../api";
import { looking, report } from "../checking";
import { change, fieldsOf, portrait, settings, sound } from "../draft";
import { lookAtQueue, models, waitSeconds } from "../session";
import { T } from "../texts";
import { duration } from "../words";
import { Tick } from "./controls";

export function Make() {
  const { route } = useLocation();
  const [isSending, setIsSending] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const image = portrait.value;
  const audio = sound.value;
  const isRefusable = looking.value === "done" && report.value?.valid === false;

  const make = async (): Promise<void> => {
    if (!image || !audio) {
      setRefused(T.make.needs);
      return;
    }
    setIsSending(true);
    setRefused(null);
    const form = new FormData();
    for (const [name, value] of fieldsOf(settings.value)) form.append(name, value);
    form.append("image", image);
    form.append("audio", audio);
    try {
      const headers = { "Idempotency-Key": newKey() };
      const video = (await (await send("/v1/videos", { method: "POST", body: form, headers })).json()) as Video;
      void lookAtQueue();
      route(`/videos/${video.id}`);
    } catch (error) {
      setRefused(messageOf(error));
      setIsSending(false);
    }
  };

  return (
    <div class="make">
      <Tick label={T.options.consent} isOn={settings.value.consent} onChange={(isOn) => change({ consent: isOn })} />
      <button class="main large" type="button" disabled={isSending || isRefusable} onClick={() => void make()}>
        {isSending ? T.make.sending : T.make.button}
      </button>
      {refused ? (
        <p class="said bad" role="alert">
          {refused}
        </p>
      ) : (
        <Estimate />
      )}
    </div>
  );
}

function Estimate() {
  const seen = report.value;
  if (!seen?.valid || seen.seconds === null) return null;
  const wait = waitSeconds(settings.value.model || (models.value[0]?.id ?? ""));
  const said = [
    T.make.length(`${seen.seconds.toFixed(1)} s`),
    seen.estimate_s ? T.make.takes(duration(seen.estimate_s)) : T.make.unknown,
    ...(wait === null ? [] : [wait > 2 ? T.make.wait(duration(wait)) : T.make.now]),
  ];
  return <p class="quiet small center">{said.join(" · ")}</p>;
}
