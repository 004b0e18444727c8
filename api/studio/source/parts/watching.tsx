// A video while it is made: where it is, how long it takes, and what can be seen of it already.

import { useEffect, useRef, useState } from "preact/hooks";

import { client, messageOf, type Video } from "../api";
import { playPreview } from "../preview";
import { T } from "../texts";
import { titleOf } from "../views/video";
import { canNotify } from "../telling";
import { duration } from "../words";
import { Icon } from "./icon";

const RAIL_OF: Record<string, string> = {
  driving_poses: "motion",
  pose_diffusion: "motion",
  conditions: "pictures",
  video_diffusion: "pictures",
  decoding: "film",
};

export function Watching({ video, isLost }: { video: Video; isLost: boolean }) {
  return (
    <div class="watch">
      <div class="intro">
        <div>
          <h1>{titleOf(video)}</h1>
          <p class="quiet">{where(video)}</p>
        </div>
        <output class="percent" aria-label={T.video.status["in_progress"]}>
          {video.progress}
          <small>%</small>
        </output>
      </div>
      <progress max={100} value={video.progress} aria-label={titleOf(video)} />
      <Rail video={video} />
      {isLost && (
        <p class="said warned boxed" role="status">
          {T.video.lost}
        </p>
      )}
      {video.attempt > 1 && <p class="said warned boxed">{T.video.attempt(video.attempt)}</p>}
      <Preview video={video} />
      <div class="row spread">
        <Bell />
        <CancelButton video={video} />
      </div>
    </div>
  );
}

function where(video: Video): string {
  const { stage, step, steps, queue_position, eta_seconds } = video.progress_detail;
  const left = eta_seconds === null ? "" : eta_seconds < 2 ? T.video.soon : T.video.left(duration(eta_seconds));
  let at = T.video.status[video.status] ?? video.status;
  if (video.status === "queued" && queue_position) at = T.video.place(queue_position);
  if (video.status === "in_progress") {
    const word = T.video.stages[stage ?? "inputs"] ?? stage ?? "";
    at = steps && step !== null ? T.video.step(word, step, steps) : word;
  }
  return left ? `${at} · ${left}` : at;
}

function Rail({ video }: { video: Video }) {
  const now = video.status === "queued" ? "queued" : (RAIL_OF[video.progress_detail.stage ?? ""] ?? "motion");
  const at = T.video.rail.findIndex(([name]) => name === now);
  return (
    <ol class="rail">
      {T.video.rail.map(([name, word], index) => (
        <li
          key={name}
          class={index < at ? "past" : index === at ? "now" : ""}
          aria-current={index === at ? "step" : undefined}
        >
          {word}
        </li>
      ))}
    </ol>
  );
}

function Preview({ video }: { video: Video }) {
  const player = useRef<HTMLVideoElement>(null);
  const isThere = video.progress_detail.preview;
  useEffect(() => {
    if (!isThere || !player.current) return;
    const watched = new AbortController();
    void playPreview(video.id, player.current, watched.signal);
    return () => watched.abort();
  }, [isThere, video.id]);
  return (
    <figure class={`preview ${isThere ? "" : "waiting"}`}>
      {isThere ? (
        <video ref={player} controls playsInline muted aria-label={T.video.preview} />
      ) : (
        <div class="blank">
          <i aria-hidden="true" />
          <i aria-hidden="true" />
          <i aria-hidden="true" />
        </div>
      )}
      <figcaption class="quiet small">{isThere ? T.video.preview : T.video.noPreview}</figcaption>
    </figure>
  );
}

function CancelButton({ video }: { video: Video }) {
  const [error, setError] = useState<string | null>(null);
  const [isAsked, setIsAsked] = useState(false);
  const isStopping = isAsked || video.cancel_requested_at !== null;
  const stop = async (): Promise<void> => {
    setIsAsked(true);
    try {
      await client.POST("/v1/videos/{video_id}/cancel", { params: { path: { video_id: video.id } } });
    } catch (reason) {
      setIsAsked(false);
      setError(messageOf(reason));
    }
  };
  return (
    <div class="row tight">
      {error && <span class="said bad">{error}</span>}
      <button type="button" class="quiet-danger" disabled={isStopping} onClick={() => void stop()}>
        {isStopping ? T.video.stopping : T.video.stop}
      </button>
    </div>
  );
}

/** Asks whether the browser may tell that the video has ended, when the page is out of sight. */
function Bell() {
  const [isOn, setIsOn] = useState(canNotify() && Notification.permission === "granted");
  if (!canNotify()) return <span />;
  if (isOn) return <span class="quiet small">{T.video.notifyOn}</span>;
  const ask = async (): Promise<void> => setIsOn((await Notification.requestPermission()) === "granted");
  return (
    <button type="button" class="plain" onClick={() => void ask()}>
      <Icon name="bell" />
      {T.video.notify}
    </button>
  );
}
