// Create: a portrait and a voice on the left, what the server says and what is wished on the right.

import { useEffect } from "preact/hooks";

import { keepLooking } from "../checking";
import { change, fieldsOf, isRestored, portrait, settings, sound, startOver } from "../draft";
import { fileTrouble, sampleNames, samplePicture, take, takeSample } from "../files";
import { Checklist } from "../parts/checklist";
import { Code } from "../parts/code";
import { Options } from "../parts/options";
import { PortraitCard } from "../parts/portrait";
import { SoundCard } from "../parts/sound";
import { T } from "../texts";

export function Create() {
  useEffect(() => {
    document.title = T.brand;
    const paste = (event: ClipboardEvent): void => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      take(files);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      take(event.dataTransfer?.files ?? []);
    };
    const over = (event: DragEvent): void => event.preventDefault();
    document.addEventListener("paste", paste);
    document.addEventListener("drop", drop);
    document.addEventListener("dragover", over);
    const stop = keepLooking();
    return () => {
      stop();
      document.removeEventListener("paste", paste);
      document.removeEventListener("drop", drop);
      document.removeEventListener("dragover", over);
    };
  }, []);
  if (!isRestored.value) return null;
  const hasBoth = portrait.value && sound.value;
  return (
    <div class="create">
      <div class="intro">
        <div>
          <h1>{T.create.title}</h1>
          <p class="quiet">{T.create.lead}</p>
        </div>
        {(portrait.value ?? sound.value) && (
          <button type="button" class="plain" onClick={startOver}>
            {T.create.startOver}
          </button>
        )}
      </div>
      <div class="left">
        {fileTrouble.value && (
          <p class="said bad boxed" role="alert">
            {fileTrouble.value}
          </p>
        )}
        <PortraitCard />
        <SoundCard />
        {!hasBoth && <Samples />}
      </div>
      <div class="right">
        <Checklist />
        <section class="card" aria-labelledby="options-title">
          <h2 id="options-title">{T.options.title}</h2>
          <div class="stack">
            <Options of={settings.value} onChange={change} isNew />
          </div>
        </section>
        {hasBoth && (
          <details class="card fold">
            <summary>{T.create.same}</summary>
            <Code
              request={{
                image: portrait.value?.name ?? "",
                audio: sound.value?.name ?? "",
                fields: fieldsOf(settings.value),
              }}
            />
          </details>
        )}
      </div>
    </div>
  );
}

function Samples() {
  return (
    <section class="samples" aria-label={T.create.samples}>
      <p class="quiet small">{T.create.samples}</p>
      <div class="row">
        {sampleNames.map((name) => (
          <button key={name} type="button" class="sample" onClick={() => void takeSample(name)}>
            <img src={samplePicture(name)} alt="" width="44" height="44" />
            {T.create.sample[name as keyof typeof T.create.sample] ?? name}
          </button>
        ))}
      </div>
    </section>
  );
}
