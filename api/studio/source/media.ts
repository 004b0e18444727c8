// Files of the service with their key: fetched whole, and given to the page as addresses of its own.

import { useEffect, useState } from "preact/hooks";

import { contentPath, isAbort, messageOf, send } from "./api";

export interface Loaded {
  url: string | null;
  blob: Blob | null;
  error: string | null;
}

const NOTHING: Loaded = { url: null, blob: null, error: null };

/** A result file as long as the component lives; null as id asks for nothing. */
export function useContent(id: string | null, variant: string): Loaded {
  const [loaded, setLoaded] = useState<Loaded>(NOTHING);
  useEffect(() => {
    setLoaded(NOTHING);
    if (id === null) return;
    const asked = new AbortController();
    let url: string | null = null;
    const load = async (): Promise<void> => {
      try {
        const blob = await (await send(contentPath(id, variant), { signal: asked.signal })).blob();
        url = URL.createObjectURL(blob);
        setLoaded({ url, blob, error: null });
      } catch (error) {
        if (!isAbort(error)) setLoaded({ url: null, blob: null, error: messageOf(error) });
      }
    };
    void load();
    return () => {
      asked.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [id, variant]);
  return loaded;
}

/** An address of a file that lies in the page. */
export function useFileUrl(file: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!file) {
      setUrl(null);
      return;
    }
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}

export async function download(id: string, variant: string, name: string): Promise<void> {
  const blob = await (await send(contentPath(id, variant))).blob();
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
