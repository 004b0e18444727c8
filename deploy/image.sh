#!/bin/bash
# Build the service's image over a fresh Debian, without a Docker engine, and start what its containers run.
# image.sh [FOLDER]: as root, with buildah, debootstrap and .venv; the images stay in FOLDER/storage.
# TORCH is the Makefile's. BUILDAH_ARGS go to `buildah build`: --volume for a host's own certificates or package index.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-out/image}")
read -r torch pip_args <<<"${TORCH:?is what pip takes, as in the Makefile}"
read -ra build_args <<<"${BUILDAH_ARGS:-}"
base=localhost/mmgt-base image=localhost/mmgt:local
export BUILDAH_ISOLATION=chroot

buildah() { command buildah --root "$folder/storage" --runroot "$folder/run" "$@"; }

said() { # WORD COMMAND…: run it and say how it ended
  if "${@:2}" >"$folder/$1.log" 2>&1; then
    printf '%-9s done at %s s. %s\n' "$1" "$SECONDS" "$(tail -n 1 "$folder/$1.log")"
  else
    tail -n 40 "$folder/$1.log"
    printf '%-9s failed\n' "$1"
    exit 1
  fi
}

debian() {
  container=$(buildah from scratch) && root=$(buildah mount "$container") \
    && debootstrap --variant=minbase bookworm "$root" && buildah commit --rm "$container" "$base"
}

services() { # the law of the containers' commands, with the image as their root
  root=$(buildah mount "$container") && MMGT_IMAGE_ROOT=$root .venv/bin/python -m pytest tests/integration/compose
}

mkdir -p "$folder"
trap 'buildah rm --all >/dev/null' EXIT
buildah inspect --type image "$base" >/dev/null 2>&1 || said base debian
said build buildah build --pull=never --file Dockerfile.gpu --tag "$image" --build-arg BASE="$base" \
  --build-arg TORCH="$torch" --build-arg PIP_ARGS="$pip_args" "${build_args[@]}" .
buildah images --format '{{.Name}} {{.Size}}'

container=$(buildah from --pull=never "$image") # what runs in it is the image's own user
said user buildah run "$container" -- id
said help buildah run "$container" -- mmgt --help
said imports buildah run "$container" -- \
  python -c "import torch, api.app, worker.app, mmgt_core.load; print('torch', torch.__version__)"
mkdir -p "$folder"/{secrets,owned/valkey,owned/storage}
said secrets buildah run --user 0:0 --volume "$folder/secrets:/secrets" --volume "$folder/owned:/owned" "$container" -- \
  python -m deploy.compose_secrets /secrets /owned/valkey /owned/storage
said services services
grep -q ' passed' "$folder/services.log" || { echo 'services  skipped, which is not kept' && exit 1; }
