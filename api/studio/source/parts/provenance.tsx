// What the provenance mark of a finished video says, read by the server.

import { useEffect, useState } from "preact/hooks";

import { isAbort, send, type Verification } from "../api";
import { T } from "../texts";
import { Icon } from "./icon";

type Said = Verification | "asking" | "unknown";

export function Provenance({ film }: { film: Blob | null }) {
  const [said, setSaid] = useState<Said>("asking");
  useEffect(() => {
    if (!film) return;
    const asked = new AbortController();
    const read = async (): Promise<void> => {
      const form = new FormData();
      form.append("video", film, "video.mp4");
      const answer = await send("/v1/verify", { method: "POST", body: form, signal: asked.signal });
      setSaid((await answer.json()) as Verification);
    };
    read().catch((error: unknown) => {
      if (!isAbort(error)) setSaid("unknown");
    });
    return () => asked.abort();
  }, [film]);
  const { words, mark } = tell(said);
  return (
    <p class={`seal ${mark}`} role="status">
      <Icon name="seal" />
      <span>{words}</span>
    </p>
  );
}

function tell(said: Said): { words: string; mark: string } {
  if (said === "asking") return { words: T.video.provenance.asking, mark: "" };
  if (said === "unknown") return { words: T.video.provenance.unknown, mark: "" };
  if (said.verdict === "valid") {
    const { is_trusted, is_ai_generated } = said.details;
    const who = is_trusted ? T.video.provenance.trusted : T.video.provenance.valid;
    return { words: is_ai_generated ? `${who}, ${T.video.provenance.ai}` : who, mark: "good" };
  }
  return { words: T.video.provenance[said.verdict], mark: said.verdict === "invalid" ? "bad" : "warned" };
}
