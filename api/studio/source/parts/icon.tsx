// The few drawings that buttons wear.

const PATHS = {
  play: "M8 5.5v13l11-6.5z",
  pause: "M8 5.5v13M16 5.5v13",
  picture: "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v11a2.5 2.5 0 0 1-2.5 2.5h-11A2.5 2.5 0 0 1 4 17.5zM4 16l4.5-4.5L16 19.5M13.5 14l2.5-2.5 4 4M15 8.5h.01",
  voice: "M5 10v4M9 7v10M13 4.5v15M17 8v8M21 10.5v3",
  camera: "M4 8.5A1.5 1.5 0 0 1 5.5 7h2l1.5-2.5h6L16.5 7h2A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM12 10a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  microphone: "M12 3.5A2.5 2.5 0 0 0 9.5 6v5.5a2.5 2.5 0 0 0 5 0V6A2.5 2.5 0 0 0 12 3.5M6 11.5a6 6 0 0 0 12 0M12 17.5V21",
  check: "M5 12.5l4.5 4.5L19 7.5",
  warning: "M12 8v5M12 16.5h.01M10.7 4.3L3.2 17.5A1.5 1.5 0 0 0 4.5 19.7h15a1.5 1.5 0 0 0 1.3-2.2L13.3 4.3a1.5 1.5 0 0 0-2.6 0",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  dot: "M12 11.5a.5.5 0 1 0 0 1 .5.5 0 0 0 0-1",
  download: "M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7",
  seal: "M12 3l7 2.5v5.5c0 4.5-3 8-7 10-4-2-7-5.5-7-10V5.5zM8.5 11.5l2.5 2.5 4.5-4.5",
  copy: "M9 9h10v10H9zM5 15V5h10",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
