// Choices: a row of words of which one is chosen, a slider that says what it means; and the button that plays.

import { Icon } from "./icon";

interface ChoiceProps {
  legend: string;
  name: string;
  values: string[];
  chosen: string;
  words: Record<string, string>;
  hasShapes?: boolean;
  onChange: (value: string) => void;
}

export function Choice({ legend, name, values, chosen, words, hasShapes = false, onChange }: ChoiceProps) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      <div class={hasShapes ? "options shapes" : "options"}>
        {values.map((value) => (
          <label key={value}>
            <input
              type="radio"
              name={name}
              value={value}
              checked={value === chosen}
              onChange={() => onChange(value)}
            />
            <span>
              {hasShapes && <Shape value={value} />}
              {words[value] ?? value}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const LONG = 15;

function Shape({ value }: { value: string }) {
  const [wide = 1, high = 1] = value === "photo" ? [4, 3] : value.includes(":") ? value.split(":").map(Number) : [1, 1];
  const scale = LONG / Math.max(wide, high);
  const [width, height] = [wide * scale, high * scale];
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <rect x={10 - width / 2} y={10 - height / 2} width={width} height={height} rx={2} />
      {value === "square" && <path d="M7 10h6M10 7v6" />}
      {value === "photo" && <path d="M5 14l4-4 3 2.5 3-3" />}
    </svg>
  );
}

interface SliderProps {
  label: string;
  value: number;
  max: number;
  words: (value: number) => string;
  onChange: (value: number) => void;
}

export function Slider({ label, value, max, words, onChange }: SliderProps) {
  return (
    <label class="slider">
      <span class="row spread">
        {label}
        <output>{words(value)}</output>
      </span>
      <input
        type="range"
        min={0}
        max={max}
        step={0.05}
        value={value}
        aria-valuetext={`${value}, ${words(value)}`}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}

interface TickProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}

export function Tick({ label, isOn, onChange }: TickProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

/** Starts and stops what sounds or moves; `texts` name both for who does not see it. */
export function PlayButton({ isPlaying, texts, onToggle }: {
  isPlaying: boolean;
  texts: { play: string; pause: string };
  onToggle: () => void;
}) {
  return (
    <button type="button" class="round" aria-label={isPlaying ? texts.pause : texts.play} onClick={onToggle}>
      <Icon name={isPlaying ? "pause" : "play"} />
    </button>
  );
}
