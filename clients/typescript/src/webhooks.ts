/** What a webhook's receiver asks first: did this service send it, and just now? Standard Webhooks, by Web Crypto. */
import { WebhookRefused } from "./errors.js";
import type { Video } from "./types.js";

const TOLERANCE_S = 300;

/** A delivery's body. `id` stays the same over its tries: one that you have seen is done. */
export interface WebhookEvent {
  id: string;
  object: "event";
  type: string;
  created_at: number;
  timestamp: string;
  data: Video;
}

type Headers_ = Headers | Record<string, string | string[] | undefined>;

/** The event of a delivery whose signature holds and which is at most 5 minutes old; throws `WebhookRefused` else. */
export async function verifyWebhook(body: Uint8Array | string, headers: Headers_, secret: string): Promise<WebhookEvent> {
  const key = await keyOf(secret);
  const named = (name: string): string => {
    const value = headers instanceof Headers ? headers.get(name) : entryOf(headers, name);
    if (typeof value !== "string" || value === "") throw new WebhookRefused(`${name} is missing`);
    return value;
  };
  const [id, timestamp, signatures] = [named("webhook-id"), named("webhook-timestamp"), named("webhook-signature")];
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_S) {
    throw new WebhookRefused("webhook-timestamp is not of now");
  }
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = new Uint8Array([...new TextEncoder().encode(`${id}.${timestamp}.`), ...bytes]);
  for (const signature of signatures.split(" ")) {
    const mac = signature.startsWith("v1,") ? fromBase64(signature.slice(3)) : undefined;
    if (mac && (await crypto.subtle.verify("HMAC", key, mac, signed))) return parsed(bytes);
  }
  throw new WebhookRefused("no signature holds");
}

function entryOf(headers: Record<string, string | string[] | undefined>, name: string): unknown {
  return Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = fromBase64(secret.replace(/^whsec_/, ""));
  if (bytes === undefined || bytes.length === 0) throw new TypeError("the webhook's secret is none: whsec_ and base64");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function parsed(bytes: Uint8Array): WebhookEvent {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as WebhookEvent;
  } catch {
    throw new WebhookRefused("the body is no JSON");
  }
}
