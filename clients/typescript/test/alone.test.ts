// Laws that need no service of ours: when a request is sent again, what is read of a stream, whose webhooks are taken.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
  Client, DownloadCorrupt, EventReader, TryLater, UnexpectedAnswer, verifyWebhook, WebhookRefused,
} from "mmgt-client";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = JSON.stringify({ id: "msg_1", type: "video.completed", data: { id: "video_0", prompt: "é" } });

function signed(body = BODY, ageS = 0): Record<string, string> {
  const at = String(Math.floor(Date.now() / 1000) - ageS);
  const mac = createHmac("sha256", Buffer.from(SECRET.slice(6), "base64")).update(`msg_1.${at}.${body}`).digest("base64");
  return { "webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": `v1,${mac}` };
}

async function served<T>(listener: RequestListener, ask: (client: Client) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await ask(new Client({ baseUrl, apiKey: "k" }));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("who is told when comes again then, with the same key", async () => {
  const keys: unknown[] = [];
  const video = await served(
    (request, response) => {
      keys.push(request.headers["idempotency-key"]);
      request.resume().on("end", () => {
        if (keys.length === 4) return response.end('{"id":"video_1"}');
        const status = [503, 429, 409][keys.length - 1]!;
        const [body, kind] = status === 503 ? ["<html>", "text/html"] : ['{"detail":"later"}', "application/problem+json"];
        return response.writeHead(status, { "Retry-After": "0", "Content-Type": kind }).end(body);
      });
    },
    (client) => client.videos.create({ image: new Uint8Array(100_000), audio: new Uint8Array(9) }),
  );

  assert.equal(video.id, "video_1");
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
});

test("who should wait longer than two minutes is told instead", async () => {
  let calls = 0;
  const asked = served(
    (_, response) => {
      calls += 1;
      response.writeHead(429, { "Retry-After": "121" }).end('{"detail":"later","error":{"code":"quota_exceeded"}}');
    },
    (client) => client.queue(),
  );

  await assert.rejects(asked, (error: unknown) => error instanceof TryLater && error.retryAfterMs === 121_000);
  assert.equal(calls, 1);
});

test("an answer that is no service's is told as such", async () => {
  for (const status of [200, 302, 404]) {
    const asked = served((_, response) => void response.writeHead(status, { Location: "/login" }).end("<html>"), (client) =>
      client.queue(),
    );
    await assert.rejects(asked, (error: unknown) => error instanceof UnexpectedAnswer && error.status === status);
  }
});

test("what is had of a file is kept where it is the same, and another file is begun anew", async () => {
  const files = [
    { status: 200, etag: '"a"', body: "abc", cut: true },
    { status: 206, etag: '"a"', body: "def", cut: true },
    { status: 200, etag: '"b"', body: "xyz", cut: false },
  ];
  const asked: unknown[] = [];
  const bytes = await served(
    (request, response) => {
      const file = files[asked.length]!;
      asked.push([request.headers.range, request.headers["if-range"]]);
      response.writeHead(file.status, { ETag: file.etag, "Content-Length": file.body.length + (file.cut ? 9 : 0) });
      response.write(file.body, () => (file.cut ? setTimeout(() => response.destroy(), 50) : response.end()));
    },
    (client) => client.videos.content("video_1"),
  );

  assert.equal(new TextDecoder().decode(bytes), "xyz");
  assert.deepEqual(asked, [[undefined, undefined], ["bytes=3-", '"a"'], ["bytes=6-", '"a"']]);
});

test("a file that is not the one that was told is no file", async () => {
  const asked = served(
    (_, response) => void response.writeHead(200, { "Repr-Digest": `sha-256=:${"A".repeat(43)}=:` }).end("abc"),
    (client) => client.videos.content("video_1"),
  );

  await assert.rejects(asked, DownloadCorrupt);
});

test("chunks of a stream may end anywhere, in a letter too", () => {
  const data = JSON.stringify({ prompt: "é\u2028\u0085 …" });
  for (const end of ["\r\n", "\n"]) {
    const text = [1, 2].map((n) => [`id: ${n}`, "event: video.progress", `data: ${data}`, "", ""].join(end)).join(`: ping${end}${end}`);
    const bytes = new TextEncoder().encode(text);
    for (let size = 1; size < bytes.length; size++) {
      const reader = new EventReader();
      const seen = [];
      for (let at = 0; at < bytes.length; at += size) seen.push(...reader.feed(bytes.subarray(at, at + size)));
      assert.deepEqual(seen.map((event) => [event.id, event.type, event.video.prompt]), [
        ["1", "video.progress", "é\u2028\u0085 …"],
        ["2", "video.progress", "é\u2028\u0085 …"],
      ]);
    }
  }
});

test("what was signed is taken, whatever form headers and body have", async () => {
  const upper = Object.fromEntries(Object.entries(signed()).map(([name, value]) => [name.toUpperCase(), value]));
  const rotating = { ...signed(), "webhook-signature": `v1,AAAA ${signed()["webhook-signature"]}` };
  for (const headers of [signed(), new Headers(signed()), upper, rotating]) {
    const event = await verifyWebhook(Buffer.from(BODY), headers, SECRET);
    assert.deepEqual([event.type, event.data.prompt], ["video.completed", "é"]);
  }
  assert.equal((await verifyWebhook(BODY, signed(), SECRET)).id, "msg_1");
});

test("whatever else comes is refused", async () => {
  const wrong: Record<string, string[]> = {
    "webhook-id": ["", "msg_other"],
    "webhook-timestamp": ["", "x", "NaN", "Infinity", "-1", "0", "9".repeat(400), "1_0"],
    "webhook-signature": ["", "x", ",", "v1", "v1,", "v1,a", "v1,!!!!", "v1,a,b", "v2,x", ",,,,", "v1,====", "v1,ééé"],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      await assert.rejects(verifyWebhook(BODY, { ...signed(), [name]: value }, SECRET), WebhookRefused, `${name}: ${value}`);
    }
    await assert.rejects(verifyWebhook(BODY, { ...signed(), [name]: undefined }, SECRET), WebhookRefused);
  }
  await assert.rejects(verifyWebhook(BODY + " ", signed(), SECRET), WebhookRefused);
  await assert.rejects(verifyWebhook("{", signed("{"), SECRET), WebhookRefused);
  for (const age of [360, -360]) await assert.rejects(verifyWebhook(BODY, signed(BODY, age), SECRET), WebhookRefused);
  await assert.rejects(verifyWebhook(BODY, signed(), "whsec_"), TypeError);
});
