/** How a request's wishes become a form. */

/** A file: a `Blob` or `File`, or the bytes themselves. In Node, `fileFrom` of `mmgt-client/node` reads a path. */
export type FileInput = Blob | Uint8Array | ArrayBuffer;

/** The form of a request: text as it is, files as files, everything else as JSON; what is undefined is not sent. */
export function formOf(wishes: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(wishes)) {
    if (value === undefined || value === null) continue;
    if (value instanceof Blob) form.append(name, value);
    else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) form.append(name, new Blob([value as BlobPart]), name);
    else form.append(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return form;
}
