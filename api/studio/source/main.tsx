// The studio: which view stands at which address, and what surrounds them all.

import { render } from "preact";
import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";

import { isLockedOut, key } from "./api";
import { restoreDraft } from "./draft";
import { ThemeButton } from "./parts/theme";
import { enter, leave, lookAtQueue, models, queue, standing } from "./session";
import { T } from "./texts";
import { Compare } from "./views/compare";
import { Create } from "./views/create";
import { KeyForm } from "./views/key";
import { Library } from "./views/library";
import { VideoPage } from "./views/video";

const OURS = /^\/(?:$|\?|library|compare|videos\/)/; // other addresses, /docs too, are left to the browser
const QUEUE_EVERY_MS = 15_000;
const RETRY_MS = 3000;

function Studio() {
  const isOffline = standing.value === "offline";
  useEffect(() => {
    if (!isOffline) return;
    const timer = setInterval(() => void enter(), RETRY_MS);
    return () => clearInterval(timer);
  }, [isOffline]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (standing.value === "open" && !document.hidden) void lookAtQueue();
    }, QUEUE_EVERY_MS);
    return () => clearInterval(timer);
  }, []);

  return (
    <LocationProvider scope={OURS}>
      <a class="skip" href="#content">
        {T.skip}
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <Content />
      </main>
    </LocationProvider>
  );
}

function Content() {
  if (standing.value === "asking") return <p class="quiet center">{T.working}</p>;
  if (standing.value === "offline") {
    return (
      <section class="notice" role="status">
        <h1>{T.offline.title}</h1>
        <p>{T.offline.text}</p>
      </section>
    );
  }
  if (standing.value === "locked" || isLockedOut.value) return <KeyForm />;
  return (
    <Router>
      <Route path="/" component={Create} />
      <Route path="/library" component={Library} />
      <Route path="/compare" component={Compare} />
      <Route path="/videos/:id" component={VideoPage} />
      <Route default component={Missing} />
    </Router>
  );
}

function Header() {
  const { path } = useLocation();
  const current = (here: string): "page" | undefined => (path === here ? "page" : undefined);
  return (
    <header class="bar">
      <a class="brand" href="/">
        <Mark />
        <span>{T.brand}</span>
      </a>
      <nav aria-label={T.brand}>
        <a href="/" aria-current={current("/")}>
          {T.nav.create}
        </a>
        <a href="/library" aria-current={current("/library")}>
          {T.nav.library}
        </a>
        <a class="wide-only" href="/docs">
          {T.nav.reference}
        </a>
      </nav>
      <Busy />
      <ThemeButton />
      {key.value && (
        <button class="plain wide-only" type="button" onClick={leave}>
          {T.signOut}
        </button>
      )}
    </header>
  );
}

function Busy() {
  const now = queue.value;
  if (!now || standing.value !== "open") return <span class="busy" />;
  const isManned = models.value.length > 0;
  const text = isManned ? T.busy(now.running, now.waiting) : T.noWorker;
  return (
    <span class={`busy wide-only ${isManned ? (now.running ? "on" : "") : "off"}`}>
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <circle cx="12" cy="11.5" r="3.6" />
      <path d="M5.5 24c.4-4.6 3-7 6.5-7s6.1 2.4 6.5 7M21.5 13v4M25.5 10.5v9" />
    </svg>
  );
}

function Missing() {
  return (
    <section class="notice">
      <h1>{T.notFound.title}</h1>
      <p>{T.notFound.text}</p>
      <a class="button" href="/">
        {T.notFound.back}
      </a>
    </section>
  );
}

void restoreDraft();
void enter();
render(<Studio />, document.getElementById("studio") as HTMLElement);
