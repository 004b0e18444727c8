// Writes src/openapi.ts of the service's schema; a field that is a file takes whatever `FileInput` is.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [schema, out] = process.argv.slice(2);
// `metadata[k]` fields, as `patternProperties`, would become an index signature that no file or number satisfies.
const told = (name, value) => (name === "patternProperties" ? undefined : value);
const nodes = await openapiTS(JSON.parse(await readFile(schema, "utf8"), told), {
  transform: (field) =>
    field.format === "binary" && field.type === "string" ? ts.factory.createTypeReferenceNode("FileInput") : undefined,
});
const head = `// Written by \`make clients\` from our OpenAPI; not by hand.\nimport type { FileInput } from "./forms.js";\n\n`;
const indented = astToString(nodes).replace(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4)); // a third less
await writeFile(out, head + indented);
