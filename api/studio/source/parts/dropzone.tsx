// An empty place for a file: drop, choose, or what stands beside it.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

import { take } from "../files";
import { T } from "../texts";
import { Icon, type IconName } from "./icon";

interface Props {
  icon: IconName;
  title: string;
  hint: string;
  kinds: string;
  accept: string;
  children?: ComponentChildren;
}

export function Dropzone({ icon, title, hint, kinds, accept, children }: Props) {
  const [isOver, setIsOver] = useState(false);
  return (
    <div
      class={`dropzone ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        setIsOver(false);
        take(event.dataTransfer?.files ?? []);
      }}
    >
      <span class="badge">
        <Icon name={icon} />
      </span>
      <p class="hint">{hint}</p>
      <p class="quiet small">{kinds}</p>
      <div class="row middle">
        <FileButton label={T.create.choose} describes={title} accept={accept} />
        {children}
      </div>
    </div>
  );
}

interface ButtonProps {
  label: string;
  describes: string;
  accept: string;
  isPlain?: boolean;
}

export function FileButton({ label, describes, accept, isPlain = false }: ButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class={isPlain ? "plain" : ""}
        aria-label={`${label}: ${describes}`}
        onClick={() => input.current?.click()}
      >
        {label}
      </button>
      <input
        ref={input}
        hidden
        type="file"
        accept={accept}
        aria-label={describes}
        onChange={(event) => {
          take(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
