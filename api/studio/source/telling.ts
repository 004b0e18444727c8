// Telling that a video has ended: in the title of the page, and by a notification to who looks elsewhere.

import { useEffect, useRef } from "preact/hooks";

import type { Video } from "./api";
import { hasEnded } from "./follow";
import { T } from "./texts";

export const canNotify = (): boolean => "Notification" in window && window.isSecureContext;

export function useTelling(video: Video | null): void {
  const status = video?.status;
  const progress = video?.progress;
  useEffect(() => {
    if (!status) return;
    const word = status === "in_progress" ? `${progress} %` : (T.video.status[status] ?? status);
    document.title = `${word} · ${T.brand}`;
    return () => {
      document.title = T.brand;
    };
  }, [status, progress]);

  const wasLive = useRef<string | null>(null);
  useEffect(() => {
    if (!video) return;
    if (!hasEnded(video)) {
      wasLive.current = video.id;
      return;
    }
    const isNews = wasLive.current === video.id && document.hidden;
    wasLive.current = null;
    if (!isNews || !canNotify() || Notification.permission !== "granted") return;
    const word = video.status === "completed" ? T.video.tell : (T.video.status[video.status] ?? "");
    new Notification(word, { body: video.metadata["title"] ?? "" });
  }, [video]);
}
