// Numbers as people say them.

import { T } from "./texts";

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${Math.round(count / 1000)} kB`;
  return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
}

/** "3 min ago", "in 6 days". */
export function fromNow(unixSeconds: number): string {
  const away = unixSeconds - Date.now() / 1000;
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
  const size = Math.abs(away);
  if (size < 45) return T.justNow;
  if (size < 3600) return words.format(Math.round(away / 60), "minute");
  if (size < 86_400) return words.format(Math.round(away / 3600), "hour");
  return words.format(Math.round(away / 86_400), "day");
}

export function moment(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}
