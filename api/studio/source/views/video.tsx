// One video at its own address: watched while it is made, looked at when it is there.

import { useEffect, useState } from "preact/hooks";

import { client, isAbort, messageOf, Problem, type Video } from "../api";
import { follow, hasEnded } from "../follow";
import { Failed } from "../parts/failed";
import { Result } from "../parts/result";
import { Watching } from "../parts/watching";
import { useTelling } from "../telling";
import { T } from "../texts";
import { moment } from "../words";

const QUEUE_LOOK_MS = 4000; // events do not tell how the queue moves

interface State {
  video: Video | null;
  isLost: boolean;
  isGone: boolean;
  error: string | null;
}

const NOTHING: State = { video: null, isLost: false, isGone: false, error: null };

export function VideoPage({ id = "" }: { id?: string }) {
  const { video, isLost, isGone, error } = useVideo(id);
  useTelling(video);
  if (isGone) {
    return (
      <section class="notice">
        <h1>{T.video.gone.title}</h1>
        <p>{T.video.gone.text}</p>
        <a class="button" href="/library">
          {T.nav.library}
        </a>
      </section>
    );
  }
  if (!video) return <p class="quiet center">{error ?? (isLost ? T.errors.offline : T.working)}</p>;
  if (video.status === "completed") return <Result video={video} key={video.id} />;
  if (hasEnded(video)) return <Failed video={video} />;
  return <Watching video={video} isLost={isLost} key={`${video.id} ${video.attempt}`} />;
}

export const titleOf = (video: Video): string => video.metadata["title"] ?? T.video.untitled(moment(video.created_at));

function useVideo(id: string): State {
  const [state, setState] = useState<State>(NOTHING);
  useEffect(() => {
    setState(NOTHING);
    const asked = new AbortController();
    const take = (video: Video): void =>
      setState((before) => (isOlder(video, before.video) ? before : { ...NOTHING, video }));
    const fail = (error: unknown): void => {
      if (isAbort(error)) return;
      const isGone = error instanceof Problem && error.status === 404;
      setState((before) => ({ ...before, isGone, error: messageOf(error) }));
    };
    const look = async (): Promise<Video | null> => {
      const answer = await client.GET("/v1/videos/{video_id}", {
        params: { path: { video_id: id } },
        signal: asked.signal,
      });
      if (answer.data) take(answer.data);
      return answer.data ?? null;
    };
    const begin = async (): Promise<void> => {
      let known: Video | null = null;
      try {
        known = await look();
      } catch (error) {
        if (!(error instanceof Problem && error.isOffline)) throw error;
        setState((before) => ({ ...before, isLost: true }));
      }
      if (known && hasEnded(known)) return;
      const lost = (isLost: boolean): void => setState((before) => ({ ...before, isLost }));
      await follow(id, ({ video }) => take(video), lost, asked.signal);
    };
    begin().catch(fail);
    const timer = setInterval(() => {
      setState((before) => {
        if (before.video?.status === "queued") look().catch(() => undefined);
        return before;
      });
    }, QUEUE_LOOK_MS);
    return () => {
      clearInterval(timer);
      asked.abort();
    };
  }, [id]);
  return state;
}

/** Events are replayed from the first on: what is known already is not unlearned. */
function isOlder(video: Video, known: Video | null): boolean {
  if (!known || known.id !== video.id) return false;
  if (hasEnded(known) && !hasEnded(video)) return true;
  if (video.attempt !== known.attempt) return video.attempt < known.attempt;
  if (video.progress_detail.updated_at !== known.progress_detail.updated_at) {
    return video.progress_detail.updated_at < known.progress_detail.updated_at;
  }
  return video.progress < known.progress;
}
