// The square that will be rendered: moved and resized on the picture by pointer or keys, told when it is let go.

import { useRef, useState } from "preact/hooks";

import { T } from "../texts";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const LEAST_PX = 256; // the server's own bound of a frame
const STEP = 0.02; // of the picture, for a key

export function parseBox(text: string | null | undefined): Box | null {
  const [x, y, width, height] = (text ?? "").split(",").map(Number);
  if (x === undefined || y === undefined || !width || !height) return null;
  return { x, y, width, height };
}

interface Props {
  box: Box;
  width: number;
  height: number;
  onChange: (crop: string) => void;
}

type Grip = "move" | "resize";

export function Crop({ box, width, height, onChange }: Props) {
  const [moved, setMoved] = useState<Box | null>(null);
  const [told, setTold] = useState<{ of: string; box: Box } | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const drag = useRef<{ grip: Grip; x: number; y: number; from: Box } | null>(null);
  const answered = textOf(box);
  const shown = moved ?? (told?.of === answered ? told.box : box); // until the server has looked again

  const fitted = (x: number, y: number, side: number): Box => {
    const size = Math.round(Math.min(Math.max(side, Math.min(LEAST_PX, width, height)), width, height));
    return { x: Math.round(within(x, width - size)), y: Math.round(within(y, height - size)), width: size, height: size };
  };
  const tell = (chosen: Box): void => {
    setMoved(null);
    setTold({ of: answered, box: chosen });
    onChange(textOf(chosen));
  };

  const take = (grip: Grip) => (event: PointerEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    frame.current?.focus();
    frame.current?.setPointerCapture(event.pointerId);
    drag.current = { grip, x: event.clientX, y: event.clientY, from: shown };
  };
  const pull = (event: PointerEvent): void => {
    const held = drag.current;
    const whole = frame.current?.parentElement?.getBoundingClientRect();
    if (!held || !whole) return;
    const scale = width / whole.width;
    const [dx, dy] = [(event.clientX - held.x) * scale, (event.clientY - held.y) * scale];
    const { x, y, width: side } = held.from;
    setMoved(held.grip === "move" ? fitted(x + dx, y + dy, side) : fitted(x, y, side + Math.max(dx, dy)));
  };
  const drop = (): void => {
    drag.current = null;
    if (moved) tell(moved);
  };
  const press = (event: KeyboardEvent): void => {
    const step = STEP * width;
    const { x, y, width: side } = shown;
    const next: Record<string, () => Box> = {
      ArrowLeft: () => fitted(x - step, y, side),
      ArrowRight: () => fitted(x + step, y, side),
      ArrowUp: () => fitted(x, y - step, side),
      ArrowDown: () => fitted(x, y + step, side),
      "+": () => fitted(x - step / 2, y - step / 2, side + step),
      "-": () => fitted(x + step / 2, y + step / 2, side - step),
    };
    const move = next[event.key];
    if (!move) return;
    event.preventDefault();
    tell(move());
  };

  const percent = (part: number, whole: number): string => `${(100 * part) / whole}%`;
  return (
    <div
      ref={frame}
      class="crop"
      tabIndex={0}
      role="group"
      aria-roledescription="crop"
      aria-label={T.create.cropLabel}
      title={T.create.cropHint}
      style={{
        left: percent(shown.x, width),
        top: percent(shown.y, height),
        width: percent(shown.width, width),
        height: percent(shown.height, height),
      }}
      onPointerDown={take("move")}
      onPointerMove={pull}
      onPointerUp={drop}
      onPointerCancel={() => {
        drag.current = null;
        setMoved(null);
      }}
      onKeyDown={press}
    >
      <i class="corner" aria-hidden="true" onPointerDown={take("resize")} />
    </div>
  );
}

const textOf = ({ x, y, width, height }: Box): string => `${x},${y},${width},${height}`;

const within = (value: number, most: number): number => Math.min(Math.max(value, 0), Math.max(most, 0));
