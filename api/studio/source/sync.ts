// Players that run in step: one leads, the others follow.

const APART_S = 0.06; // a frame and a half; nearer they are left alone

/** Make others play, pause and jump as `main` does. Returns how to stop. */
export function followPlayer(main: HTMLVideoElement, others: () => HTMLVideoElement[]): () => void {
  const align = (): void => {
    for (const other of others()) {
      if (Math.abs(other.currentTime - main.currentTime) > APART_S) other.currentTime = main.currentTime;
    }
  };
  const play = (): void => {
    align();
    for (const other of others()) void other.play().catch(() => undefined);
  };
  const pause = (): void => {
    for (const other of others()) other.pause();
    align();
  };
  const pace = (): void => {
    for (const other of others()) other.playbackRate = main.playbackRate;
  };
  const heard: [string, () => void][] = [
    ["play", play],
    ["pause", pause],
    ["seeking", align],
    ["timeupdate", align],
    ["ratechange", pace],
  ];
  for (const [name, act] of heard) main.addEventListener(name, act);
  return () => {
    for (const [name, act] of heard) main.removeEventListener(name, act);
  };
}
