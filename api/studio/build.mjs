// Bundles the studio into `built/`: files named by their content, each also gzipped, and the page that names them.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const SAMPLES = join(here, "../../samples/presenters");
const PACKED = new Set([".js", ".css", ".svg"]);

const assets = join(here, "built", "assets");
await rm(assets, { recursive: true, force: true }); // never `built` itself: the schema and its types lie there too
await mkdir(assets, { recursive: true });

const name = (file, bytes) => {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  return `${basename(file, extname(file))}-${hash}${extname(file)}`;
};

async function put(file, bytes) {
  const named = name(file, bytes);
  await writeFile(join(assets, named), bytes);
  if (PACKED.has(extname(named))) await writeFile(join(assets, `${named}.gz`), gzipSync(bytes, { level: 9 }));
  return named;
}

// The samples first: the script knows them by name.
const samples = {};
for (const file of (await readdir(SAMPLES)).sort()) {
  samples[file] = `/studio/${await put(file, await readFile(join(SAMPLES, file)))}`;
}

const bundle = await build({
  absWorkingDir: here,
  entryPoints: { studio: "source/main.tsx", style: "source/style/studio.css" },
  outdir: "built/assets",
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { SAMPLES: JSON.stringify(samples) },
  legalComments: "none",
});
const built = {};
for (const file of bundle.outputFiles) {
  built[basename(file.path)] = await put(file.path, file.contents);
}
const icon = await put("icon.svg", await readFile(join(here, "source/icon.svg")));

const page = (await readFile(join(here, "source/index.html"), "utf8"))
  .replace("{{script}}", `/studio/${built["studio.js"]}`)
  .replace("{{style}}", `/studio/${built["style.css"]}`)
  .replace("{{icon}}", `/studio/${icon}`);
await writeFile(join(here, "built/index.html"), page); // last: who finds it finds all that it names
