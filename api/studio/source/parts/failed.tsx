// A video that did not come: why, and what to do.

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { messageOf, newKey, send, type Video } from "../api";
import { T } from "../texts";
import { titleOf } from "../views/video";
import { DeleteButton } from "./delete";

export function Failed({ video }: { video: Video }) {
  const { route } = useLocation();
  const [refused, setRefused] = useState<string | null>(null);
  const title = { failed: T.video.failed, cancelled: T.video.cancelled, expired: T.video.expired }[
    video.status as "failed" | "cancelled" | "expired"
  ];
  const again = async (): Promise<void> => {
    try {
      const headers = { "Idempotency-Key": newKey() };
      const made = (await (
        await send(`/v1/videos/${video.id}/remix`, { method: "POST", headers })
      ).json()) as Video;
      route(`/videos/${made.id}`);
    } catch (error) {
      setRefused(messageOf(error));
    }
  };
  return (
    <section class="notice">
      <p class="quiet">{titleOf(video)}</p>
      <h1>{title}</h1>
      {video.error && (
        <p class="said bad boxed">
          {video.error.message} <code>{video.error.code}</code>
        </p>
      )}
      {video.error && T.checks.advice[video.error.code] && <p>{T.checks.advice[video.error.code]}</p>}
      {video.error?.retryable && <p class="quiet">{T.video.retryable}</p>}
      {refused && (
        <p class="said bad" role="alert">
          {refused}
        </p>
      )}
      <div class="row middle">
        <button type="button" class="main" onClick={() => void again()}>
          {T.video.retry}
        </button>
        <DeleteButton ids={[video.id]} onDeleted={() => route("/library")} />
      </div>
    </section>
  );
}
