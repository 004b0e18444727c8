// A finished video: played beside its motion and masks, with its facts, its files, and what can be made of it.

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { contentPath, isAbort, messageOf, send, type Video } from "../api";
import type { Settings } from "../draft";
import { DEFAULTS, fieldsOf } from "../draft";
import { download, useContent } from "../media";
import { followPlayer } from "../sync";
import { T } from "../texts";
import { titleOf } from "../views/video";
import { duration, fromNow, moment } from "../words";
import { Code } from "./code";
import { DeleteButton } from "./delete";
import { Icon } from "./icon";
import { Provenance } from "./provenance";
import { Remix } from "./remix";

export interface Manifest {
  options: { seed: number; quality: string | null; loop: boolean; start_pose: string } & Record<string, unknown>;
  framing: { framing: string } | null;
  backdrop: string;
  captions: unknown;
  pipeline_seconds: number;
}

export function Result({ video }: { video: Video }) {
  const { route } = useLocation();
  const manifest = useManifest(video.id);
  const film = useContent(video.id, "video");
  const settings = manifest && settingsOf(video, manifest);
  return (
    <div class="result">
      <div class="intro">
        <div>
          <h1>{titleOf(video)}</h1>
          <p class="quiet">{facts(video)}</p>
        </div>
        <Provenance film={film.blob} />
      </div>
      <Players id={video.id} film={film.url} error={film.error} size={video.size} />
      <div class="columns">
        <div class="left">
          {settings && <Remix source={video} settings={settings} />}
          {settings && (
            <details class="card fold">
              <summary>{T.video.code}</summary>
              <Code request={{ image: "portrait.png", audio: "speech.wav", fields: fieldsOf(settings) }} />
            </details>
          )}
        </div>
        <div class="right">
          <Downloads video={video} manifest={manifest} />
          <Facts video={video} manifest={manifest} />
          <div class="row spread">
            {video.remixed_from_video_id ? (
              <a class="button plain" href={`/compare?a=${video.remixed_from_video_id}&b=${video.id}`}>
                {T.video.compare}
              </a>
            ) : (
              <span />
            )}
            <DeleteButton ids={[video.id]} onDeleted={() => route("/library")} />
          </div>
        </div>
      </div>
    </div>
  );
}

function facts(video: Video): string {
  const parts = [T.video.made(fromNow(video.completed_at ?? video.created_at)), `${video.seconds} s`, video.size];
  return parts.join(" · ");
}

const COLOUR = /^#[0-9a-f]{6}$/i; // a picture behind the person is kept by a remix, and has no name here

function settingsOf(video: Video, { options, framing, backdrop }: Manifest): Settings {
  return {
    ...DEFAULTS,
    name: video.metadata["title"] ?? "",
    model: video.model,
    quality: options.quality ?? "",
    framing: framing?.framing ?? "square",
    backdrop: COLOUR.test(backdrop) || backdrop === "transparent" ? backdrop : DEFAULTS.backdrop,
    seed: String(video.seed),
    gesture_strength: Number(options["gesture_strength"] ?? 1),
    head_strength: Number(options["head_strength"] ?? 1),
    smoothing: Number(options["smoothing"] ?? 0),
    loop: options.loop,
    start_pose: options.start_pose,
  };
}

function useManifest(id: string): Manifest | null {
  const [manifest, setManifest] = useState<Manifest | null>(null);
  useEffect(() => {
    const asked = new AbortController();
    const load = async (): Promise<void> => {
      const answer = await send(contentPath(id, "manifest"), { signal: asked.signal });
      setManifest(complete((await answer.json()) as Partial<Manifest>));
    };
    load().catch((error: unknown) => {
      if (!isAbort(error)) setManifest(null); // the video is there all the same
    });
    return () => asked.abort();
  }, [id]);
  return manifest;
}

/** A worker of another kind may tell less. */
function complete(told: Partial<Manifest>): Manifest {
  const options = { seed: 0, quality: null, loop: false, start_pose: "off", ...told.options };
  return {
    options,
    framing: told.framing ?? null,
    backdrop: told.backdrop ?? DEFAULTS.backdrop,
    captions: told.captions ?? null,
    pipeline_seconds: told.pipeline_seconds ?? 0,
  };
}

interface PlayersProps {
  id: string;
  film: string | null;
  error: string | null;
  size: string;
}

function Players({ id, film, error, size }: PlayersProps) {
  const main = useRef<HTMLVideoElement>(null);
  const beside = useRef<(HTMLVideoElement | null)[]>([]);
  const pose = useContent(id, "pose");
  const masks = useContent(id, "masks");
  useEffect(() => {
    if (!main.current) return;
    return followPlayer(main.current, () => beside.current.filter((player) => player !== null));
  }, []);
  const [width = 1, height = 1] = size.split("x").map(Number);
  const shape = `${width} / ${height}`;
  return (
    <div class="players">
      <div class="screen" style={{ aspectRatio: shape, maxWidth: `calc(min(68vh, 44rem) * ${width / height})` }}>
        <video ref={main} src={film ?? undefined} controls playsInline loop aria-label={T.video.variants["video"]} />
        {error && <p class="said bad boxed">{error}</p>}
      </div>
      <div class="beside">
        {[
          { loaded: pose, word: T.video.pose },
          { loaded: masks, word: T.video.masks },
        ].map(({ loaded, word }, index) =>
          loaded.error ? null : (
            <figure key={word}>
              <video
                ref={(player) => void (beside.current[index] = player)}
                src={loaded.url ?? undefined}
                muted
                playsInline
                loop
                tabIndex={-1}
                aria-label={word}
              />
              <figcaption class="quiet small">{word}</figcaption>
            </figure>
          ),
        )}
      </div>
    </div>
  );
}

const SUFFIX: Record<string, string> = {
  video: "mp4", pose: "mp4", masks: "mp4", keypoints: "npy", thumbnail: "jpg", manifest: "json", captions: "vtt",
  matte: "mp4", transparent: "mov",
};

/** Whether a video has what not every one has. */
function hasVariant(variant: string, manifest: Manifest | null): boolean {
  if (variant === "captions") return Boolean(manifest?.captions);
  if (variant === "transparent") return manifest?.backdrop === "transparent";
  return variant !== "matte" || (manifest !== null && manifest.backdrop !== DEFAULTS.backdrop);
}

function Downloads({ video, manifest }: { video: Video; manifest: Manifest | null }) {
  const [error, setError] = useState<string | null>(null);
  const get = (variant: string) => async (): Promise<void> => {
    setError(null);
    try {
      const name = (video.metadata["title"] ?? video.id).replace(/[^\p{L}\p{N}._ -]+/gu, "_");
      await download(video.id, variant, `${name}${variant === "video" ? "" : `-${variant}`}.${SUFFIX[variant]}`);
    } catch (reason) {
      setError(messageOf(reason));
    }
  };
  return (
    <section class="card downloads" aria-labelledby="downloads-title">
      <h2 id="downloads-title">{T.video.downloads}</h2>
      <div class="grid">
        {Object.entries(T.video.variants).filter(([variant]) => hasVariant(variant, manifest)).map(([variant, word]) => (
          <button
            key={variant}
            type="button"
            class={variant === "video" ? "main" : ""}
            onClick={() => void get(variant)()}
          >
            <Icon name="download" />
            {word}
          </button>
        ))}
      </div>
      {error && (
        <p class="said bad" role="alert">
          {error}
        </p>
      )}
    </section>
  );
}

function Facts({ video, manifest }: { video: Video; manifest: Manifest | null }) {
  const rows: [string, string][] = [
    [T.options.seed, String(video.seed)],
    [T.options.model, video.model],
    ...(manifest?.options.quality
      ? [[T.options.quality, T.options.qualities[manifest.options.quality] ?? manifest.options.quality] as [string, string]]
      : []),
    ...(manifest ? [[T.video.rendered, duration(manifest.pipeline_seconds)] as [string, string]] : []),
    ...(video.expires_at ? [[T.video.expires, moment(video.expires_at)] as [string, string]] : []),
    ...Object.entries(video.metadata).filter(([name]) => name !== "title"),
  ];
  return (
    <section class="card facts" aria-label={T.video.facts}>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name + value}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {video.warnings.map((warning) => (
        <p key={warning.message} class="said warned">
          {warning.message}
        </p>
      ))}
    </section>
  );
}
