// The same request in three languages: whole programs that create, wait and download.

export const LANGUAGES = ["curl", "Python", "JavaScript"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Request {
  image: string;
  audio: string;
  fields: [string, string][];
}

const PLAIN_NAME = /[^A-Za-z0-9._-]+/g;

export function snippet(language: Language, { image, audio, fields }: Request): string {
  const files: [string, string][] = [
    ["image", image.replace(PLAIN_NAME, "_")],
    ["audio", audio.replace(PLAIN_NAME, "_")],
  ];
  if (language === "curl") return curl(files, fields);
  return language === "Python" ? python(files, fields) : javascript(files, fields);
}

/** In single quotes no shell reads anything but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function curl(files: [string, string][], fields: [string, string][]): string {
  const parts = [
    ...files.map(([name, file]) => `-F ${name}=@${file}`),
    ...fields.map(([name, value]) => `--form-string ${quoted(`${name}=${value}`)}`),
  ];
  return [
    `export MMGT_URL=${location.origin}`,
    "",
    'curl -sS "$MMGT_URL/v1/videos" -H "Authorization: Bearer $MMGT_KEY" \\',
    `  ${parts.join(" \\\n  ")}`,
    "",
    "# with the id that came back:",
    'curl -sSN "$MMGT_URL/v1/videos/$ID/events" -H "Authorization: Bearer $MMGT_KEY"',
    'curl -sS "$MMGT_URL/v1/videos/$ID/content" -H "Authorization: Bearer $MMGT_KEY" -o video.mp4',
  ].join("\n");
}

function python(files: [string, string][], fields: [string, string][]): string {
  const [image, audio] = files;
  return `import os

import httpx

headers = {"Authorization": f"Bearer {os.environ.get('MMGT_KEY', 'none')}"}
api = httpx.Client(base_url=${JSON.stringify(location.origin)}, headers=headers, timeout=90)
with open(${JSON.stringify(image?.[1])}, "rb") as image, open(${JSON.stringify(audio?.[1])}, "rb") as audio:
    answer = api.post(
        "/v1/videos",
        files={"image": image, "audio": audio},
        data=${literal(fields, " ")},
    )
answer.raise_for_status()
video = answer.json()
while video["status"] in ("queued", "in_progress"):
    video = api.get(f"/v1/videos/{video['id']}", headers={"Prefer": "wait=30"}).json()
if video["status"] != "completed":
    raise SystemExit(video["error"])
with open("video.mp4", "wb") as out:
    out.write(api.get(f"/v1/videos/{video['id']}/content").raise_for_status().content)
`;
}

function javascript(files: [string, string][], fields: [string, string][]): string {
  const appended = [
    ...files.map(([name, file]) => `form.append("${name}", new Blob([await readFile("${file}")]), "${file}");`),
    ...fields.map(([name, value]) => `form.append(${JSON.stringify(name)}, ${JSON.stringify(value)});`),
  ];
  return `import { readFile, writeFile } from "node:fs/promises";

const url = ${JSON.stringify(location.origin)};
const headers = { Authorization: \`Bearer \${process.env.MMGT_KEY ?? "none"}\` };
const form = new FormData();
${appended.join("\n")}
let answer = await fetch(\`\${url}/v1/videos\`, { method: "POST", body: form, headers });
if (!answer.ok) throw new Error((await answer.json()).detail);
let video = await answer.json();
while (["queued", "in_progress"].includes(video.status)) {
  answer = await fetch(\`\${url}/v1/videos/\${video.id}\`, { headers: { ...headers, Prefer: "wait=30" } });
  video = await answer.json();
}
if (video.status !== "completed") throw new Error(video.error?.message ?? video.status);
answer = await fetch(\`\${url}/v1/videos/\${video.id}/content\`, { headers });
await writeFile("video.mp4", Buffer.from(await answer.arrayBuffer()));
`;
}

/** A dictionary that Python reads as JSON is read. */
function literal(fields: [string, string][], space: string): string {
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${space}${JSON.stringify(value)}`).join(", ")}}`;
}
