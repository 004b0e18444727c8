// The person that the server found: 134 points on the 512 canvas of the crop, drawn on the whole picture.

import type { Box } from "./crop";

const CANVAS = 512;
const LEAST = 0.3; // confidence below which a point is not drawn
const BONES: [number, number][] = [
  [1, 2], [2, 3], [3, 4], [1, 5], [5, 6], [6, 7], [1, 0],
]; // neck, shoulders, elbows, wrists, nose; OpenPose order
const FACE: [number, number] = [24, 92];
const HANDS: [number, number][] = [[92, 113], [113, 134]];
const FINGERS = [0, 1, 2, 3, 4].map((finger) => [0, 1, 2, 3, 4].map((joint) => (joint ? 4 * finger + joint : 0)));

interface Props {
  points: [number, number, number][];
  crop: Box;
  size: number;
}

export function Keypoints({ points, crop, size }: Props) {
  const scale = crop.width / CANVAS;
  const at = (index: number): { x: number; y: number } | null => {
    const point = points[index];
    if (!point || point[2] < LEAST) return null;
    return { x: crop.x + point[0] * scale, y: crop.y + point[1] * scale };
  };
  const line = (indices: number[]): string | null => {
    const places = indices.map(at);
    if (places.some((place) => !place)) return null;
    return places.map((place) => `${place?.x.toFixed(1)},${place?.y.toFixed(1)}`).join(" ");
  };
  const limbs = BONES.map((bone) => line(bone)).filter((text) => text !== null);
  const fingers = HANDS.flatMap(([first]) => FINGERS.map((chain) => line(chain.map((joint) => first + joint))));
  const face = Array.from({ length: FACE[1] - FACE[0] }, (_, index) => at(FACE[0] + index));
  return (
    <g class="person" stroke-width={size / 260}>
      {limbs.map((text) => (
        <polyline key={text} points={text} />
      ))}
      {fingers.map((text) => text && <polyline key={text} class="fine" points={text} />)}
      {face.map((place, index) => place && <circle key={index} cx={place.x} cy={place.y} r={size / 420} />)}
    </g>
  );
}
