// Where a server asks for a key: entered once, kept for the tab.

import { useState } from "preact/hooks";

import { isLockedOut, keepKey } from "../api";
import { enter, standing } from "../session";
import { T } from "../texts";

export function KeyForm() {
  const [value, setValue] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const tryKey = async (event: Event): Promise<void> => {
    event.preventDefault();
    keepKey(value.trim());
    isLockedOut.value = false;
    await enter();
    setIsWrong(standing.value === "locked");
  };
  return (
    <form class="card narrow" onSubmit={(event) => void tryKey(event)}>
      <h1>{T.key.title}</h1>
      <p class="quiet">{T.key.text}</p>
      <label>
        {T.key.label}
        <input
          type="password"
          autocomplete="off"
          required
          placeholder={T.key.placeholder}
          value={value}
          aria-describedby={isWrong ? "key-wrong" : undefined}
          aria-invalid={isWrong}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </label>
      {isWrong && (
        <p id="key-wrong" class="said bad" role="alert">
          {T.key.wrong}
        </p>
      )}
      <button class="main" type="submit">
        {T.key.enter}
      </button>
      <p class="quiet small">
        {T.key.hint} <code>{T.key.command}</code>
      </p>
    </form>
  );
}
