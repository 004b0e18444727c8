// Deleting videos, after a question.

import { useState } from "preact/hooks";

import { client, messageOf } from "../api";
import { T } from "../texts";
import { Ask } from "./dialog";
import { Icon } from "./icon";

interface Props {
  ids: string[];
  onDeleted: () => void;
}

export function DeleteButton({ ids, onDeleted }: Props) {
  const [isAsked, setIsAsked] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const remove = async (): Promise<void> => {
    setIsAsked(false);
    try {
      for (const id of ids) await client.DELETE("/v1/videos/{video_id}", { params: { path: { video_id: id } } });
      onDeleted();
    } catch (reason) {
      setError(messageOf(reason));
    }
  };
  return (
    <>
      <button type="button" class="quiet-danger" onClick={() => setIsAsked(true)}>
        <Icon name="trash" />
        {T.video.remove}
      </button>
      {error && <span class="said bad">{error}</span>}
      {isAsked && (
        <Ask
          title={ids.length === 1 ? T.video.removeAsk : T.library.removeAsk(ids.length)}
          text={T.video.removeText}
          yes={T.video.remove}
          onYes={() => void remove()}
          onClose={() => setIsAsked(false)}
        />
      )}
    </>
  );
}
