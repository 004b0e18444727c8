// A video in the library: its picture, which moves while it is pointed at, and what it is.

import { useState } from "preact/hooks";

import type { Video } from "../api";
import { hasEnded } from "../follow";
import { useContent } from "../media";
import { T } from "../texts";
import { titleOf } from "../views/video";
import { fromNow } from "../words";

interface Props {
  video: Video;
  isChosen: boolean;
  isFirst: boolean; // the one that Tab comes to
  onToggle: (id: string) => void;
}

const isCalm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function Card({ video, isChosen, isFirst, onToggle }: Props) {
  const [isPointedAt, setIsPointedAt] = useState(false);
  const isThere = video.status === "completed";
  const picture = useContent(isThere ? video.id : null, "thumbnail");
  const film = useContent(isThere && isPointedAt ? video.id : null, "video");
  const title = titleOf(video);
  const point = (isOn: boolean) => (): void => setIsPointedAt(isOn && !isCalm());
  return (
    <article
      class={`video ${video.status} ${isChosen ? "chosen" : ""}`}
      onPointerEnter={point(true)}
      onPointerLeave={point(false)}
    >
      <a href={`/videos/${video.id}`} tabIndex={isFirst ? 0 : -1} onFocus={point(true)} onBlur={point(false)}>
        <span class="picture">
          {picture.url && <img src={picture.url} alt="" />}
          {film.url && <video src={film.url} autoplay muted loop playsInline tabIndex={-1} aria-hidden="true" />}
          {!isThere && <span class={`state ${video.status}`}>{T.video.status[video.status]}</span>}
          {video.status === "in_progress" && <progress max={100} value={video.progress} aria-label={title} />}
        </span>
        <span class="name">{title}</span>
        <span class="quiet small">{lineOf(video)}</span>
      </a>
      <input
        type="checkbox"
        checked={isChosen}
        tabIndex={isFirst ? 0 : -1}
        aria-label={T.library.select(title)}
        onChange={() => onToggle(video.id)}
      />
    </article>
  );
}

function lineOf(video: Video): string {
  const when = fromNow(video.created_at);
  if (!hasEnded(video)) return video.status === "queued" ? when : `${video.progress} % · ${when}`;
  return video.seconds ? `${Number(video.seconds).toFixed(1)} s · ${when}` : when;
}
