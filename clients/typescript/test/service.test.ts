// Laws of the client against the running service: what plays the worker's part does with each job as its metadata says.
import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { test } from "node:test";
import {
  Client, InvalidRequest, NotCompleted, NotFound, TryLater, Unauthorised, UnexpectedAnswer, Unreachable, WaitTimedOut,
  type CreateWishes, type Variant, type Video, type VideoEvent,
} from "mmgt-client";
import { download, fileFrom } from "mmgt-client/node";

const PLACES = JSON.parse(process.env["MMGT_TEST_PLACES"]!) as Record<"cutEvents" | "cutDownload" | "cutCreate", string>;
const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Array(3000).fill(7)]);
const WAV = new TextEncoder().encode("RIFF\0\0\0\0WAVEfmt " + "x".repeat(3000));
const KEY = process.env["MMGT_API_KEY"]!;
const client = new Client();

function wishes(play: string) {
  return { image: PNG, audio: new Blob([WAV]), metadata: { play } };
}

async function finished(prompt = "a\u2028b"): Promise<Video> {
  return client.videos.createAndWait({ ...wishes("finish"), prompt });
}

async function all<T>(told: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of told) values.push(value);
  return values;
}

test("a video is made, waited for and downloaded", async () => {
  await writeFile("me.png", PNG);
  const told: number[] = [];
  const onProgress = (video: Video): unknown => told.push(video.progress);

  const video = await client.videos.createAndWait(
    { ...wishes("finish"), image: await fileFrom("me.png"), seed: 7, consent: true, webhook_events: ["video.failed"] },
    { onProgress },
  );
  const path = await download(client, video.id, "out.mp4");

  assert.deepEqual([video.status, video.seed, video.metadata], ["completed", 7, { play: "finish" }]);
  assert.deepEqual(told, told.toSorted((a, b) => a - b));
  assert.equal(told.at(-1), 100);
  assert.deepEqual(await readFile(path), Buffer.concat(new Array(40).fill(Buffer.from([...Array(256).keys()]))));
  assert.deepEqual((await readdir(".")).filter((name) => name.startsWith("out.")), ["out.mp4"]);
});

test("events come from any on, and a separator of Unicode ends no line", async () => {
  const video = await finished();
  const seen = await all(client.videos.events(video.id));
  const missed = await all(client.videos.events(video.id, { lastEventId: seen[1]!.id }));
  const none = await all(client.videos.events(video.id, { lastEventId: seen.at(-1)!.id }));

  const kinds = ["created", "started", "progress", "progress", "completed"];
  assert.deepEqual(seen.map((event) => event.type), kinds.map((kind) => `video.${kind}`));
  assert.deepEqual(new Set(seen.map((event) => event.video.prompt)), new Set(["a\u2028b"]));
  assert.deepEqual([missed, none], [seen.slice(2), []]);
});

test("events go on where a connection broke", async () => {
  const video = await finished();
  const whole = await all(client.videos.events(video.id));

  const pieces: VideoEvent[] = await all(new Client({ baseUrl: PLACES.cutEvents }).videos.events(video.id));

  assert.deepEqual(pieces, whole);
});

test("a create whose answer is lost makes one video", async () => {
  const before = (await all(client.videos.every())).length;

  const video = await new Client({ baseUrl: PLACES.cutCreate }).videos.create(wishes("finish"));

  const after = await all(client.videos.every());
  assert.equal(after.length, before + 1);
  assert.equal(after[0]!.id, video.id);
});

test("a download goes on where it broke", async () => {
  const video = await finished();
  const whole = await client.videos.content(video.id);

  const pieces = await new Client({ baseUrl: PLACES.cutDownload }).videos.content(video.id);

  assert.deepEqual(pieces, whole);
  assert.equal(whole.length, 10_240);
});

for (const variant of ["video", "thumbnail", "manifest"] as const satisfies Variant[]) {
  test(`a finished video has its ${variant}`, async () => {
    const { id } = await finished();

    const bytes = await client.videos.content(id, { variant });

    const start = { video: [0, 1, 2], thumbnail: [0xff, 0xd8, 0xff], manifest: [...Buffer.from(`{"id": "${id}`)] };
    assert.deepEqual([...bytes.slice(0, start[variant].length)], start[variant]);
  });
}

for (const variant of ["pose", "masks", "preview"] as const satisfies Variant[]) {
  test(`a file that is not there, as ${variant}, leaves nothing`, async () => {
    const { id } = await finished();

    await assert.rejects(download(client, id, "none.mp4", { variant }), NotFound);

    assert.deepEqual((await readdir(".")).filter((name) => name.startsWith("none")), []);
  });
}

test("a video that fails is an error that has it", async () => {
  const { id } = await client.videos.create(wishes("fail"));

  await assert.rejects(client.videos.wait(id), (error: unknown) => {
    assert.ok(error instanceof NotCompleted);
    assert.deepEqual([error.video.id, error.code, error.retryable, error.name], [id, "gpu_out_of_memory", true, "NotCompleted"]);
    return true;
  });
});

test("a video that runs is cancelled, and its wait tells", async () => {
  const { id } = await client.videos.create(wishes("hold"));
  const told: string[] = [];
  const waiting = client.videos.wait(id, {
    onProgress: ({ status }) => {
      if (status === "in_progress" && told.at(-1) !== status) void client.videos.cancel(id);
      told.push(status);
    },
  });

  await assert.rejects(waiting, /ended as cancelled/);
  assert.deepEqual(told.filter((status, at) => status !== told[at - 1]), ["queued", "in_progress", "cancelled"]);
});

test("a wait ends when its time is over, or when its caller stops it", async () => {
  const { id } = await client.videos.create(wishes("hold"));
  const stop = new AbortController();

  await assert.rejects(client.videos.wait(id, { timeoutMs: 200 }), WaitTimedOut);
  const waiting = client.videos.wait(id, { signal: stop.signal, onProgress: () => stop.abort() });
  await assert.rejects(waiting, { name: "AbortError" });
  await client.videos.delete(id);
  await assert.rejects(client.videos.wait(id), NotFound);
});

test("every wish is sent as it is; what came is compared outside", async () => {
  const asked = JSON.parse(process.env["MMGT_TEST_WISHES"]!) as Record<string, { files: string[]; fields: object }>;
  const bytes: Record<string, Uint8Array | Blob> = {
    image: PNG, backdrop_image: PNG, audio: new Blob([WAV]),
    driving_video: Uint8Array.from([0, 0, 0, 32, ...new TextEncoder().encode("ftypisom"), ...new Array(200).fill(0)]),
    driving_keypoints: Uint8Array.from([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, ...new Array(200).fill(0)]),
    captions_file: new Blob(["WEBVTT\n\n00:00.000 --> 00:01.000\nGood morning\n"]),
  };
  const made: Record<string, string> = {};
  for (const [name, { files, fields }] of Object.entries(asked)) {
    const wished: unknown = { ...Object.fromEntries(files.map((file) => [file, bytes[file]])), ...fields };
    made[name] = (await client.videos.create(wished as CreateWishes)).id;
  }
  await writeFile("wishes.json", JSON.stringify(made));
});

test("a remix changes what is sent", async () => {
  const source = await finished();

  const same = await client.videos.remix(source.id);
  const other = await client.videos.remix(source.id, { image: PNG, seed: 5, metadata: { play: "fail" } });

  assert.deepEqual([same.seed, same.remixed_from_video_id, same.metadata], [source.seed, source.id, { play: "finish" }]);
  assert.deepEqual([other.seed, other.metadata], [5, { play: "fail" }]);
});

test("takes are made at once, by seeds in a row", async () => {
  const takes = await client.videos.createTakes({ ...wishes("finish"), seed: 11, n: 3 });
  const again = await client.videos.remixTakes(takes.data[0]!.id, { n: 2, seed: 40 });

  assert.deepEqual(takes.data.map((video) => video.seed), [11, 12, 13]);
  assert.deepEqual(again.data.map((video) => video.seed), [40, 41]);
});

test("videos are listed by what they are, and told", async () => {
  const { id } = await client.videos.createAndWait({ ...wishes("finish"), metadata: { play: "finish", name: "the one" } });

  const page = await client.videos.list({ metadata: { name: "the one" }, status: "completed", limit: 5 });
  const first = await client.videos.list({ limit: 1 });
  const second = await client.videos.list({ limit: 1, after: first.last_id! });

  assert.deepEqual(page.data.map((video) => video.id), [id]);
  assert.equal((await client.videos.retrieve(id)).id, id);
  assert.notEqual(first.data[0]!.id, second.data[0]!.id);
  assert.deepEqual((await client.videos.deliveries(id)).data, []);
});

test("the service tells of itself, and looks at inputs without a video", async () => {
  assert.deepEqual((await client.models()).data.map((model) => model.id), ["mmgt-demo"]);
  assert.equal((await client.queue()).object, "queue");
  assert.equal((await client.limits()).tenant, "alice");
  assert.equal((await client.voices()).object, "list");
  assert.equal((await client.videos.validate({ ...wishes("finish"), crop: "none" })).seconds, 3.2);
});

test("refusals have all that the service said", async () => {
  await assert.rejects(client.videos.create({ ...wishes("finish"), seed: -1, smoothing: 2 }), (error: unknown) => {
    assert.ok(error instanceof InvalidRequest);
    assert.deepEqual([error.status, error.code, error.param], [422, "invalid_value", "seed"]);
    assert.deepEqual(error.findings.map((each) => each.pointer), ["/seed", "/smoothing"]);
    assert.ok(error.requestId && error.message.includes(error.requestId));
    return true;
  });
  await assert.rejects(client.videos.retrieve("video_0"), NotFound);
  await assert.rejects(new Client({ apiKey: "wrong" }).queue(), Unauthorised);
  await assert.rejects(client.verify(PNG), InvalidRequest);
  await assert.rejects(async () => client.videos.retrieve(".."), /is no id/);
});

test("one key is one video, and another request under it is refused", async () => {
  const [key, made] = [crypto.randomUUID(), wishes("finish")];

  const first = await client.videos.create(made, { idempotencyKey: key });
  const second = await client.videos.create(made, { idempotencyKey: key });

  assert.equal(first.id, second.id);
  await assert.rejects(client.videos.create({ ...made, seed: 3 }, { idempotencyKey: key }), { code: "idempotency_key_reused" });
});

test("where nobody is, that is said; and the key is told nowhere", async () => {
  const nobody = new Client({ baseUrl: "http://127.0.0.1:9/v1/", apiKey: KEY, maxRetries: 0 });
  const error: unknown = await nobody.queue().catch((each: unknown) => each);

  assert.ok(error instanceof Unreachable);
  for (const told of [nobody, nobody.videos, error, client]) {
    assert.ok(!(inspect(told, { depth: 9, showHidden: true }) + JSON.stringify(told)).includes(KEY));
  }
  assert.throws(() => new Client({ apiKey: `${KEY}\n${KEY}` }), (thrown: Error) => !thrown.message.includes(KEY));
  assert.throws(() => new Client({ baseUrl: "there:8000" }), /is no address/);
});
