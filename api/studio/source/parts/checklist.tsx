// What the server found in portrait and voice, row by row, with what to do about it.

import type { Finding, Report } from "../api";
import { looking, report, trouble } from "../checking";
import { T } from "../texts";
import { Icon, type IconName } from "./icon";
import { Make } from "./make";

type Row = keyof typeof T.checks.rows;
type Mark = "unknown" | "good" | "warned" | "bad";

const ROWS: Row[] = ["picture", "person", "hands", "sound", "speech"];
const ROW_OF: Record<string, Row> = {
  image_unreadable: "picture", image_too_small: "picture", image_too_large: "picture", image_too_narrow: "picture",
  image_profile_ignored: "picture", image_turned: "picture", photograph: "picture",
  image_no_person: "person", image_multiple_people: "person", multiple_people: "person",
  hands_not_visible: "hands",
  audio_unreadable: "sound", audio_too_short: "sound", audio_too_long: "sound", sound_track_chosen: "sound",
  sound_channel_chosen: "sound", sound_ends_early: "sound",
  audio_silent: "speech",
};
const ROW_AT: Record<string, Row> = { "/image": "picture", "/audio": "sound" };
const LOOKED_AT: Row[] = ["sound", "speech", "picture", "person", "hands"]; // in the server's order; it ends at a fault
const QUIET = new Set(["image_recropped"]); // the crop is drawn on the picture
const DRAWN: Record<Mark, IconName> = { unknown: "dot", good: "check", warned: "warning", bad: "cross" };

export function Checklist() {
  const seen = looking.value === "done" ? report.value : null;
  return (
    <section class="card checks" aria-labelledby="checks-title" aria-busy={looking.value === "looking"}>
      <h2 id="checks-title">{T.checks.title}</h2>
      <p class={`verdict ${verdictMark(seen)}`} role="status">
        {verdict(seen)}
      </p>
      <ul>
        {ROWS.map((row) => (
          <CheckRow key={row} row={row} seen={seen} />
        ))}
      </ul>
      {seen && others(seen).map((finding) => <Said key={finding.code + finding.detail} finding={finding} isBad />)}
      <Make />
    </section>
  );
}

function verdict(seen: Report | null): string {
  if (looking.value === "looking") return T.checks.looking;
  if (looking.value === "unavailable") return trouble.value ?? T.checks.unavailable;
  if (!seen) return T.checks.waiting;
  if (!seen.valid) return T.checks.refused;
  return warningsOf(seen).length ? T.checks.warned : T.checks.ready;
}

function verdictMark(seen: Report | null): Mark {
  if (!seen) return "unknown";
  return !seen.valid ? "bad" : warningsOf(seen).length ? "warned" : "good";
}

function CheckRow({ row, seen }: { row: Row; seen: Report | null }) {
  const faults = seen?.findings.filter((finding) => rowOf(finding) === row) ?? [];
  const remarks = seen ? warningsOf(seen).filter((warning) => ROW_OF[warning.code] === row) : [];
  const mark = markOf(row, seen, faults.length, remarks.length);
  return (
    <li class={mark}>
      <span class="mark">
        <Icon name={DRAWN[mark]} />
      </span>
      <div>
        {T.checks.rows[row]}
        {faults.map((finding) => (
          <Said key={finding.detail} finding={finding} isBad />
        ))}
        {remarks.map((remark) => (
          <Said key={remark.message} finding={{ pointer: "", code: remark.code, detail: remark.message }} />
        ))}
      </div>
    </li>
  );
}

function markOf(row: Row, seen: Report | null, numFaults: number, numRemarks: number): Mark {
  if (!seen) return "unknown";
  if (numFaults) return "bad";
  const ended = Math.min(...seen.findings.map(rank), LOOKED_AT.length);
  if (LOOKED_AT.indexOf(row) > ended) return "unknown";
  return numRemarks ? "warned" : "good";
}

/** Where the server's look ended: at a finding of no row it had not begun. */
const rank = (finding: Finding): number => {
  const row = rowOf(finding);
  return row ? LOOKED_AT.indexOf(row) : -1;
};

const rowOf = (finding: Finding): Row | undefined => ROW_OF[finding.code] ?? ROW_AT[finding.pointer];

const warningsOf = (seen: Report) => seen.warnings.filter((warning) => !QUIET.has(warning.code));
const others = (seen: Report): Finding[] => seen.findings.filter((finding) => !rowOf(finding));

function Said({ finding, isBad = false }: { finding: Finding; isBad?: boolean }) {
  const detail = finding.detail.replace(/^(image|audio): /, "");
  return (
    <p class={`said ${isBad ? "bad" : "warned"}`}>
      {detail.charAt(0).toUpperCase() + detail.slice(1)}. {T.checks.advice[finding.code]}
    </p>
  );
}
