#!/bin/sh
# Run a container's command as a plain process: read-only root, its own /secrets, /scratch, /weights, /data and /tmp,
# the services' names on loopback, user 10001, no environment but its own. Called in a private mount namespace.
# IMAGE is what the root holds: this machine's own / with the project added, or an image with the project in it.
# enter_container.sh ROOT IMAGE PROJECT SECRETS SCRATCH WEIGHTS DATA NAME=VALUE… -- COMMAND…
set -e
root=$1 image=$2 project=$3 secrets=$4 scratch=$5 weights=$6 data=$7
shift 7
mount -t tmpfs tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/merged"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$root/upper,workdir=$root/work" "$root/merged"
cd "$root/merged"
mkdir -p secrets scratch weights data
test ! -d root || chmod 755 root # where a Python may lie
printf '127.0.0.1 localhost valkey storage\n' > etc/hosts
mount --bind "$secrets" secrets
mount --bind "$scratch" scratch
mount --bind "$weights" weights
mount --bind "$data" data
mount --bind /proc proc
mount --bind /dev dev
for folder in tmp dev/shm; do
  mount -t tmpfs tmpfs $folder
  chmod 1777 $folder
done
if [ "$image" = / ]; then
  mkdir -p "./$project" # which may lie below /tmp
  mount --bind "$project" "./$project"
  mount -o remount,bind,ro "./$project"
fi
mount -o remount,ro "$root/merged"
exec chroot --userspec=10001:10001 . env -i sh -c 'cd "$0" && exec env "$@"' "$project" "$@"
