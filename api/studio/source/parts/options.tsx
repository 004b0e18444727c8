// How the video should look: what most people choose in sight, the rest under More.

import type { Settings } from "../draft";
import { models } from "../session";
import { T } from "../texts";
import { Choice, Slider, Tick } from "./controls";

interface Props {
  of: Settings;
  onChange: (some: Partial<Settings>) => void;
  isNew: boolean; // of a new portrait and voice, and not a change of an old video
}

export function Options({ of, onChange, isNew }: Props) {
  const model = models.value.find((each) => each.id === of.model) ?? models.value[0];
  const qualities = model?.qualities ?? [];
  return (
    <>
      {models.value.length > 1 && (
        <Choice
          legend={T.options.model}
          name="model"
          values={models.value.map((each) => each.id)}
          chosen={of.model || (models.value[0]?.id ?? "")}
          words={{}}
          onChange={(value) => onChange({ model: value, quality: "" })}
        />
      )}
      {qualities.length > 1 && (
        <Choice
          legend={T.options.quality}
          name="quality"
          values={qualities}
          chosen={of.quality || (model?.default_quality ?? qualities[0] ?? "")}
          words={T.options.qualities}
          onChange={(value) => onChange({ quality: value })}
        />
      )}
      <Choice
        legend={T.options.framing}
        name="framing"
        values={Object.keys(T.options.framings)}
        chosen={of.framing}
        words={T.options.framings}
        hasShapes
        onChange={(value) => onChange({ framing: value, ...(of.backdrop === "transparent" ? { backdrop: "keep" } : {}) })}
      />
      <Backdrop chosen={of.backdrop} onChange={onChange} />
      <div class="pair">
        <Slider
          label={T.options.gestures}
          value={of.gesture_strength}
          max={1.5}
          words={T.options.strength}
          onChange={(value) => onChange({ gesture_strength: value })}
        />
        <Slider
          label={T.options.head}
          value={of.head_strength}
          max={1.5}
          words={T.options.strength}
          onChange={(value) => onChange({ head_strength: value })}
        />
      </div>
      <details>
        <summary>{T.options.more}</summary>
        <div class="stack">
          <div class="pair">
            <label>
              {T.options.name}
              <input
                type="text"
                maxLength={80}
                placeholder={T.options.nameHint}
                value={of.name}
                onInput={(event) => onChange({ name: event.currentTarget.value })}
              />
            </label>
            <label>
              {T.options.seed}
              <input
                type="text"
                inputMode="numeric"
                pattern="[0-9]*"
                maxLength={16}
                placeholder={T.options.seedHint}
                title={T.options.seedHelp}
                value={of.seed}
                onInput={(event) => onChange({ seed: event.currentTarget.value.replace(/\D/g, "") })}
              />
            </label>
          </div>
          <Slider
            label={T.options.smoothing}
            value={of.smoothing}
            max={1}
            words={T.options.smooth}
            onChange={(value) => onChange({ smoothing: value })}
          />
          {isNew && (
            <label>
              {T.options.captions}
              <textarea
                rows={3}
                maxLength={20000}
                placeholder={T.options.captionsHint}
                value={of.transcript}
                onInput={(event) => onChange({ transcript: event.currentTarget.value })}
              />
            </label>
          )}
          <Tick
            label={T.options.startPose}
            isOn={of.start_pose === "portrait"}
            onChange={(isOn) => onChange({ start_pose: isOn ? "portrait" : "off" })}
          />
          <Tick label={T.options.loop} isOn={of.loop} onChange={(isOn) => onChange({ loop: isOn })} />
          {isNew && (
            <Tick
              label={T.options.silence}
              isOn={of.allow_silence}
              onChange={(isOn) => onChange({ allow_silence: isOn })}
            />
          )}
        </div>
      </details>
    </>
  );
}

const OWN_AT_FIRST = "#20506b";

function Backdrop({ chosen, onChange }: { chosen: string; onChange: (some: Partial<Settings>) => void }) {
  const words = T.options.backdrops;
  const isOwn = !(chosen in words);
  const choose = (value: string): void => {
    if (value === "own") onChange({ backdrop: OWN_AT_FIRST });
    else onChange({ backdrop: value, ...(value === "transparent" ? { framing: "square" } : {}) }); // it has no other
  };
  return (
    <div>
      <Choice
        legend={T.options.backdrop}
        name="backdrop"
        values={Object.keys(words)}
        chosen={isOwn ? "own" : chosen}
        words={words}
        onChange={choose}
      />
      {isOwn && (
        <input
          type="color"
          aria-label={T.options.colour}
          value={chosen}
          onChange={(event) => onChange({ backdrop: event.currentTarget.value })}
        />
      )}
      {chosen === "transparent" && <p class="quiet small">{T.options.transparentHint}</p>}
    </div>
  );
}
