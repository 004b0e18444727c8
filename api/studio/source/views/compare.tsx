// Two videos in step, under one bar.

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { client, type Video } from "../api";
import { PlayButton } from "../parts/controls";
import { useContent } from "../media";
import { followPlayer } from "../sync";
import { T } from "../texts";
import { clock } from "../words";
import { titleOf } from "./video";

export function Compare() {
  const { query } = useLocation();
  const [first, second] = [query["a"], query["b"]];
  useEffect(() => {
    document.title = `${T.compare.title} · ${T.brand}`;
  }, []);
  if (!first || !second) return <p class="quiet center">{T.compare.missing}</p>;
  return <Pair key={first + second} ids={[first, second]} />;
}

function Pair({ ids }: { ids: [string, string] }) {
  const players = useRef<(HTMLVideoElement | null)[]>([]);
  const [isPlaying, setIsPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const [heard, setHeard] = useState(0);
  useEffect(() => {
    const lead = players.current[0];
    if (!lead) return;
    return followPlayer(lead, () => players.current.slice(1).filter((player) => player !== null));
  }, []);
  const lead = (): HTMLVideoElement | null => players.current[0] ?? null;
  const toggle = (): void => void (isPlaying ? lead()?.pause() : lead()?.play());
  return (
    <div class="compare">
      <h1>{T.compare.title}</h1>
      <div class="two">
        {ids.map((id, index) => (
          <Side
            key={id}
            id={id}
            letter={index === 0 ? T.compare.first : T.compare.second}
            isHeard={heard === index}
            isLead={index === 0}
            onPlayer={(player) => void (players.current[index] = player)}
            onPlaying={setIsPlaying}
            onTime={setAt}
            onLength={setLength}
          />
        ))}
      </div>
      <div class="card transport">
        <PlayButton isPlaying={isPlaying} texts={T.compare} onToggle={toggle} />
        <input
          type="range"
          min={0}
          max={length || 1}
          step={0.04}
          value={at}
          aria-label={T.compare.position}
          aria-valuetext={clock(at)}
          onInput={(event) => {
            const player = lead();
            if (player) player.currentTime = event.currentTarget.valueAsNumber;
          }}
        />
        <span class="numbers small quiet">{at.toFixed(2)} s</span>
        <fieldset class="choice bare">
          <legend>{T.compare.sound}</legend>
          <div class="options">
            {ids.map((id, index) => (
              <label key={id}>
                <input type="radio" name="heard" checked={heard === index} onChange={() => setHeard(index)} />
                <span>{index === 0 ? T.compare.first : T.compare.second}</span>
              </label>
            ))}
          </div>
        </fieldset>
      </div>
    </div>
  );
}

interface SideProps {
  id: string;
  letter: string;
  isHeard: boolean;
  isLead: boolean;
  onPlayer: (player: HTMLVideoElement | null) => void;
  onPlaying: (isPlaying: boolean) => void;
  onTime: (seconds: number) => void;
  onLength: (seconds: number) => void;
}

function Side({ id, letter, isHeard, isLead, onPlayer, onPlaying, onTime, onLength }: SideProps) {
  const film = useContent(id, "video");
  const [video, setVideo] = useState<Video | null>(null);
  useEffect(() => {
    client
      .GET("/v1/videos/{video_id}", { params: { path: { video_id: id } } })
      .then((answer) => setVideo(answer.data ?? null))
      .catch(() => setVideo(null)); // the player says why
  }, [id]);
  return (
    <figure>
      <video
        ref={onPlayer}
        src={film.url ?? undefined}
        playsInline
        loop
        muted={!isHeard}
        aria-label={`${letter}: ${video ? titleOf(video) : id}`}
        onPlay={() => isLead && onPlaying(true)}
        onPause={() => isLead && onPlaying(false)}
        onTimeUpdate={(event) => isLead && onTime(event.currentTarget.currentTime)}
        onLoadedMetadata={(event) => isLead && onLength(event.currentTarget.duration)}
      />
      {film.error && <p class="said bad">{film.error}</p>}
      <figcaption>
        <b>{letter}</b> {video && <a href={`/videos/${id}`}>{titleOf(video)}</a>}
        {video && <span class="quiet small"> {T.video.seed(video.seed)}</span>}
      </figcaption>
    </figure>
  );
}
