// A still of the camera, as a portrait.

import { useEffect, useRef, useState } from "preact/hooks";

import { T } from "../texts";
import { Dialog } from "./dialog";

interface Props {
  onPicture: (file: File) => void;
  onClose: () => void;
}

const WISHED = { video: { width: { ideal: 1920 }, height: { ideal: 1080 }, facingMode: "user" }, audio: false };

export function CameraDialog({ onPicture, onClose }: Props) {
  const player = useRef<HTMLVideoElement>(null);
  const [isReady, setIsReady] = useState(false);
  const [isRefused, setIsRefused] = useState(false);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let isOver = false;
    const open = async (): Promise<void> => {
      try {
        stream = await navigator.mediaDevices.getUserMedia(WISHED);
        if (isOver) stream.getTracks().forEach((track) => track.stop());
        else if (player.current) player.current.srcObject = stream;
      } catch {
        setIsRefused(true); // no device, no permission, or no secure context: the advice is the same
      }
    };
    void open();
    return () => {
      isOver = true;
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);
  const snap = (): void => {
    const from = player.current;
    if (!from) return;
    const canvas = document.createElement("canvas");
    canvas.width = from.videoWidth;
    canvas.height = from.videoHeight;
    canvas.getContext("2d")?.drawImage(from, 0, 0);
    canvas.toBlob((blob) => {
      if (blob) onPicture(new File([blob], "camera.png", { type: "image/png", lastModified: Date.now() }));
      onClose();
    }, "image/png");
  };
  return (
    <Dialog title={T.create.camera} onClose={onClose}>
      {isRefused ? (
        <p class="said bad" role="alert">
          {T.create.noCamera}
        </p>
      ) : (
        <video ref={player} class="camera" autoplay muted playsInline onLoadedData={() => setIsReady(true)} />
      )}
      <div class="row end">
        <button type="button" class="plain" onClick={onClose}>
          {T.cancel}
        </button>
        {!isRefused && (
          <button type="button" class="main" disabled={!isReady} onClick={snap}>
            {T.create.take}
          </button>
        )}
      </div>
    </Dialog>
  );
}
