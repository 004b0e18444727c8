// The portrait: an empty place, or the picture as the server decoded it with the person, the crop and the frame on it.

import { useState } from "preact/hooks";

import { report } from "../checking";
import { change, portrait, settings } from "../draft";
import { setPortrait } from "../files";
import { useFileUrl } from "../media";
import { T } from "../texts";
import { CameraDialog } from "./camera";
import { Crop, parseBox } from "./crop";
import { Dropzone, FileButton } from "./dropzone";
import { Icon } from "./icon";
import { Keypoints } from "./keypoints";

const ACCEPT = "image/png,image/jpeg,image/webp";

export function PortraitCard() {
  const [isCamera, setIsCamera] = useState(false);
  const file = portrait.value;
  return (
    <section class="card stage" aria-labelledby="portrait-title">
      <header>
        <h2 id="portrait-title">{T.create.portrait}</h2>
        {file && (
          <div class="row tight">
            <FileButton label={T.create.replace} describes={T.create.portrait} accept={ACCEPT} isPlain />
            <button
              class="icon"
              type="button"
              aria-label={`${T.create.remove}: ${T.create.portrait}`}
              onClick={() => (portrait.value = null)}
            >
              <Icon name="cross" />
            </button>
          </div>
        )}
      </header>
      {file ? (
        <Picture file={file} />
      ) : (
        <Dropzone
          icon="picture"
          title={T.create.portrait}
          hint={T.create.portraitHint}
          kinds={T.create.portraitKinds}
          accept={ACCEPT}
        >
          <button type="button" class="plain" onClick={() => setIsCamera(true)}>
            <Icon name="camera" />
            {T.create.camera}
          </button>
        </Dropzone>
      )}
      {isCamera && <CameraDialog onPicture={setPortrait} onClose={() => setIsCamera(false)} />}
    </section>
  );
}

function Picture({ file }: { file: File }) {
  const [areShown, setAreShown] = useState(true);
  const local = useFileUrl(file);
  const seen = report.value?.picture ?? null;
  const crop = parseBox(report.value?.crop);
  const frame = parseBox(report.value?.frame);
  const isOwn = settings.value.crop !== "auto";
  return (
    <>
      <div class="picture">
        <div class="fitted">
          <img src={seen?.url ?? local ?? undefined} alt={T.create.portrait} />
          {seen && crop && (
            <>
              <svg class="overlay" viewBox={`0 0 ${seen.width} ${seen.height}`} aria-hidden="true">
                {frame && settings.value.framing !== "square" && (
                  <rect class="frame" x={frame.x} y={frame.y} width={frame.width} height={frame.height} />
                )}
                {areShown && report.value?.keypoints && (
                  <Keypoints points={report.value.keypoints} crop={crop} size={Math.max(seen.width, seen.height)} />
                )}
              </svg>
              <Crop box={crop} width={seen.width} height={seen.height} onChange={(text) => change({ crop: text })} />
            </>
          )}
        </div>
      </div>
      <footer class="row spread small">
        <span class="quiet">{seen ? T.create.picture(seen.width, seen.height) : file.name}</span>
        {seen && (
          <span class="row tight">
            {isOwn && (
              <button type="button" class="plain" onClick={() => change({ crop: "auto" })}>
                {T.create.cropAuto}
              </button>
            )}
            <label class="check">
              <input
                type="checkbox"
                checked={areShown}
                onChange={(event) => setAreShown(event.currentTarget.checked)}
              />
              {T.create.keypoints}
            </label>
          </span>
        )}
      </footer>
    </>
  );
}
