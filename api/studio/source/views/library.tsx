// Library: every video of this key, as a grid of which only what is in sight exists.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import type { Video } from "../api";
import { Card } from "../parts/card";
import { Choice } from "../parts/controls";
import { Selection } from "../parts/selection";
import { areSomeLive, fitting, hasMore, isLoading, loadMore, metadataOf, refresh, reload, trouble, videos, wish } from "../shelf";
import { T } from "../texts";

const CARD_PX = 232; // the least width
const GAP_PX = 20;
const CAPTION_PX = 72;
const PICTURE_SHAPE = 3 / 4; // height to width
const ROWS_AROUND = 2; // beyond what is in sight
const LOOK_MS = 4000;
const TYPED_MS = 300;

export function Library() {
  const [search, setSearch] = useState(wish.value.search);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    document.title = `${T.library.title} · ${T.brand}`;
    reload();
    const timer = setInterval(() => {
      if (areSomeLive()) void refresh();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => {
      const isAsked = metadataOf(search) ?? metadataOf(wish.value.search);
      wish.value = { ...wish.value, search };
      if (isAsked) reload();
    }, TYPED_MS);
    return () => clearTimeout(timer);
  }, [search]);

  const all = videos.value;
  const words = wish.value.search;
  const shown = useMemo(() => fitting(all, words), [all, words]);
  const isSearching = words.trim() !== "" && !metadataOf(words);
  useEffect(() => {
    if (isSearching && hasMore.value && !isLoading.value) void loadMore(); // words are sought among what is here
  }, [isSearching, all, isLoading.value]);

  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const change = (some: Partial<typeof wish.value>): void => {
    wish.value = { ...wish.value, ...some };
    reload();
  };
  return (
    <div class="library">
      <div class="intro">
        <h1>{T.library.title}</h1>
        <p class="quiet" role="status">
          {isLoading.value && !all.length ? T.library.loading : T.library.count(shown.length, hasMore.value)}
        </p>
      </div>
      <div class="tools">
        <label class="search">
          <span class="hidden">{T.library.search}</span>
          <input
            type="search"
            placeholder={T.library.searchHint}
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <Choice
          legend={T.library.status}
          name="status"
          values={["", "in_progress", "queued", "completed", "failed", "cancelled"]}
          chosen={wish.value.status}
          words={{ "": T.library.all, ...T.video.status }}
          onChange={(status) => change({ status })}
        />
        <label class="order">
          <span class="hidden">{T.library.order}</span>
          <select
            value={wish.value.order}
            onChange={(event) => change({ order: event.currentTarget.value as "asc" | "desc" })}
          >
            <option value="desc">{T.library.newest}</option>
            <option value="asc">{T.library.oldest}</option>
          </select>
        </label>
      </div>
      {trouble.value && (
        <p class="said bad boxed" role="alert">
          {trouble.value}
        </p>
      )}
      {shown.length ? (
        <Grid shown={shown} chosen={chosen} onToggle={toggle} />
      ) : (
        !isLoading.value && <Empty isFiltered={words !== "" || wish.value.status !== ""} />
      )}
      {chosen.size > 0 && (
        <Selection
          chosen={all.filter((video) => chosen.has(video.id))}
          onDone={() => setChosen(new Set())}
        />
      )}
    </div>
  );
}

function Empty({ isFiltered }: { isFiltered: boolean }) {
  return (
    <section class="notice">
      <h2>{isFiltered ? T.library.none : T.library.empty}</h2>
      <p>{isFiltered ? T.library.noneText : T.library.emptyText}</p>
      {!isFiltered && (
        <a class="button main" href="/">
          {T.notFound.back}
        </a>
      )}
    </section>
  );
}

interface GridProps {
  shown: Video[];
  chosen: ReadonlySet<string>;
  onToggle: (id: string) => void;
}

interface Sight {
  columns: number;
  rowPx: number;
  first: number;
  last: number;
}

function Grid({ shown, chosen, onToggle }: GridProps) {
  const { route } = useLocation();
  const grid = useRef<HTMLUListElement>(null);
  const [sight, setSight] = useState<Sight>({ columns: 1, rowPx: 300, first: 0, last: 0 });
  const [focused, setFocused] = useState(0);
  const wanted = useRef<number | null>(null);
  useLayoutEffect(() => {
    const look = (): void => {
      if (grid.current) setSight((before) => same(before, sightOf(grid.current as HTMLElement)));
    };
    look();
    const watch = new ResizeObserver(look);
    if (grid.current) watch.observe(grid.current);
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      watch.disconnect();
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, []);
  const { columns, rowPx, first, last } = sight;
  const numRows = Math.ceil(shown.length / columns);
  useEffect(() => {
    if (last >= numRows - 3) void loadMore();
  }, [last, numRows]);
  useEffect(() => {
    if (wanted.current === null) return;
    const card = grid.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] a`);
    if (card) {
      wanted.current = null;
      card.focus();
    }
  });

  const press = (event: KeyboardEvent): void => {
    const at = (event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset["index"];
    if (at === undefined || (event.target as HTMLElement).tagName === "INPUT") return;
    const index = Number(at);
    const video = shown[index];
    if (event.key === "x" && video) onToggle(video.id);
    if (event.key === "Enter" && video) route(`/videos/${video.id}`);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = index + by;
    if (next < 0 || next >= shown.length) return;
    wanted.current = next;
    setFocused(next);
    show(grid.current, Math.floor(next / columns) * rowPx, rowPx);
  };

  const [from, to] = [first * columns, Math.min((last + 1) * columns, shown.length)];
  return (
    <ul
      ref={grid}
      class="videos"
      aria-label={T.library.keys}
      style={{ height: `${numRows * rowPx - GAP_PX}px` }}
      onKeyDown={press}
    >
      {shown.slice(from, to).map((video, offset) => {
        const index = from + offset;
        const [row, column] = [Math.floor(index / columns), index % columns];
        return (
          <li
            key={video.id}
            data-index={index}
            style={{
              width: `calc((100% - ${(columns - 1) * GAP_PX}px) / ${columns})`,
              height: `${rowPx - GAP_PX}px`,
              top: `${row * rowPx}px`,
              left: `calc((100% + ${GAP_PX}px) / ${columns} * ${column})`,
            }}
          >
            <Card
              video={video}
              isChosen={chosen.has(video.id)}
              isFirst={index === Math.min(focused, shown.length - 1) || (index === from && focused < from)}
              onToggle={onToggle}
            />
          </li>
        );
      })}
    </ul>
  );
}

function sightOf(grid: HTMLElement): Sight {
  const { top, width } = grid.getBoundingClientRect();
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (CARD_PX + GAP_PX)));
  const cardPx = (width - (columns - 1) * GAP_PX) / columns;
  const rowPx = Math.round(cardPx * PICTURE_SHAPE) + CAPTION_PX + GAP_PX;
  const first = Math.max(0, Math.floor(-top / rowPx) - ROWS_AROUND);
  const last = Math.max(0, Math.ceil((window.innerHeight - top) / rowPx) + ROWS_AROUND);
  return { columns, rowPx, first, last };
}

const same = (before: Sight, now: Sight): Sight =>
  before.columns === now.columns && before.rowPx === now.rowPx && before.first === now.first && before.last === now.last
    ? before
    : now;

/** Scroll just so far that a row is in sight. */
function show(grid: HTMLElement | null, rowTop: number, rowPx: number): void {
  if (!grid) return;
  const top = grid.getBoundingClientRect().top + rowTop;
  if (top < 80) window.scrollBy({ top: top - 80 });
  else if (top + rowPx > window.innerHeight) window.scrollBy({ top: top + rowPx - window.innerHeight });
}
