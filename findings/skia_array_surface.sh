#!/usr/bin/env bash
# Guess: a Skia surface over a NumPy array holds what every raster surface holds, colours multiplied by their alpha, so that
# layers of it are laid over each other by adding.
# Seen (skia-python 144.1, numpy 2.4.6, 2026-11-30): `skia.Surface(array)` is unpremultiplied by default, `skia.Surface(w, h)` is
# premultiplied. Half-transparent red is (255, 0, 0, 128) in the array, and an edge that covers a tenth of a pixel has the full
# colour: added up unmultiplied, a layer gets bright fringes and its glass becomes paint.
# Follows: multiply by alpha what is read from the array, or pass `skia.ImageInfo` and its `kPremul_AlphaType`.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check skia-python==144.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import skia

pixels = np.zeros((8, 8, 4), np.uint8)
over_array, own = skia.Surface(pixels), skia.Surface(8, 8)
kinds = over_array.imageInfo().alphaType(), own.imageInfo().alphaType()
print("over an array:", kinds[0], "of its own:", kinds[1])
over_array.getCanvas().drawRect(skia.Rect.MakeXYWH(0, 0, 4, 8), skia.Paint(Color=skia.Color(255, 0, 0, 128)))
paint = skia.Paint(Color=skia.Color(255, 0, 0), AntiAlias=True)
over_array.getCanvas().drawRect(skia.Rect.MakeXYWH(5.9, 0, 2, 8), paint)
half, edge = pixels[4, 1].tolist(), pixels[4, 5].tolist()
print("half-transparent red:", half, "a tenth of a pixel of opaque red:", edge)
asked = np.zeros((8, 8, 4), np.uint8)
info = skia.ImageInfo.Make(8, 8, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
skia.Surface.MakeRasterDirect(info, asked, 32).getCanvas().clear(skia.Color(255, 0, 0, 128))
print("asked to be premultiplied:", asked[4, 1].tolist())
is_as_seen = (
    kinds == (skia.kUnpremul_AlphaType, skia.kPremul_AlphaType)
    and half == [255, 0, 0, 128]
    and edge[0] >= 250 and edge[3] < 40
    and asked[4, 1].tolist() == [128, 0, 0, 128]
)
raise SystemExit(not is_as_seen)
PYTHON
