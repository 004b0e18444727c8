// A request as curl, Python and JavaScript, to be copied.

import { useId, useState } from "preact/hooks";

import { type Language, LANGUAGES, type Request, snippet } from "../snippets";
import { T } from "../texts";
import { Icon } from "./icon";

export function Code({ request }: { request: Request }) {
  const [language, setLanguage] = useState<Language>("curl");
  const [isCopied, setIsCopied] = useState(false);
  const id = useId();
  const text = snippet(language, request);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 2000);
  };
  const step = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = LANGUAGES[(LANGUAGES.indexOf(language) + by + LANGUAGES.length) % LANGUAGES.length] ?? "curl";
    setLanguage(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <div class="code">
      <div class="row spread">
        <div role="tablist" class="tabs" onKeyDown={step}>
          {LANGUAGES.map((each) => (
            <button
              key={each}
              id={`${id}-${each}`}
              type="button"
              role="tab"
              aria-selected={each === language}
              aria-controls={`${id}-panel`}
              tabIndex={each === language ? 0 : -1}
              onClick={() => setLanguage(each)}
            >
              {each}
            </button>
          ))}
        </div>
        {window.isSecureContext && (
          <button type="button" class="plain" onClick={() => void copy()}>
            <Icon name={isCopied ? "check" : "copy"} />
            {isCopied ? T.video.copied : T.video.copy}
          </button>
        )}
      </div>
      <pre id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${language}`} tabIndex={0}>
        <code>{text}</code>
      </pre>
      <p class="quiet small">{T.video.codeHint}</p>
    </div>
  );
}
