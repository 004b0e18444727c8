// What can be done with the videos that were selected.

import { useState } from "preact/hooks";

import { client, messageOf, type Video } from "../api";
import { hasEnded } from "../follow";
import { download } from "../media";
import { forget, refresh } from "../shelf";
import { T } from "../texts";
import { titleOf } from "../views/video";
import { Ask } from "./dialog";
import { Icon } from "./icon";

interface Props {
  chosen: Video[];
  onDone: () => void;
}

export function Selection({ chosen, onDone }: Props) {
  const [isAsked, setIsAsked] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const ready = chosen.filter((video) => video.status === "completed");
  const live = chosen.filter((video) => !hasEnded(video));
  const [first, second] = ready;

  const each = async (some: Video[], act: (video: Video) => Promise<unknown>): Promise<void> => {
    setIsBusy(true);
    setError(null);
    try {
      for (const video of some) await act(video);
      onDone();
    } catch (reason) {
      setError(messageOf(reason));
    }
    setIsBusy(false);
    void refresh();
  };
  const path = (video: Video) => ({ params: { path: { video_id: video.id } } });
  const save = (): Promise<void> =>
    each(ready, (video) => download(video.id, "video", `${titleOf(video)}-${video.id.slice(-6)}.mp4`));
  const cancel = (): Promise<void> => each(live, (video) => client.POST("/v1/videos/{video_id}/cancel", path(video)));
  const remove = (): Promise<void> => {
    setIsAsked(false);
    return each(chosen, async (video) => {
      await client.DELETE("/v1/videos/{video_id}", path(video));
      forget(new Set([video.id]));
    });
  };
  return (
    <div class="selection" role="region" aria-label={T.library.selected(chosen.length)}>
      <b role="status">{T.library.selected(chosen.length)}</b>
      {error && <span class="said bad">{error}</span>}
      <span class="grow" />
      {ready.length === 2 && chosen.length === 2 && (
        <a class="button plain" href={`/compare?a=${first?.id}&b=${second?.id}`}>
          {T.library.compare}
        </a>
      )}
      {ready.length > 0 && (
        <button type="button" class="plain" disabled={isBusy} onClick={() => void save()}>
          <Icon name="download" />
          {T.library.download}
        </button>
      )}
      {live.length > 0 && (
        <button type="button" class="plain" disabled={isBusy} onClick={() => void cancel()}>
          {T.library.cancel}
        </button>
      )}
      <button type="button" class="quiet-danger" disabled={isBusy} onClick={() => setIsAsked(true)}>
        <Icon name="trash" />
        {T.library.remove}
      </button>
      <button type="button" class="icon" aria-label={T.library.clear} onClick={onDone}>
        <Icon name="cross" />
      </button>
      {isAsked && (
        <Ask
          title={T.library.removeAsk(chosen.length)}
          text={T.video.removeText}
          yes={T.library.remove}
          onYes={() => void remove()}
          onClose={() => setIsAsked(false)}
        />
      )}
    </div>
  );
}
