#!/bin/sh
# Make the folders of the image: a new volume takes its owner from the folder that it is mounted on. Usage: prepare-image.sh [ROOT]
set -eu
root="${1:-}"
user=10001

mkdir -p "$root/var/lib/weaver" "$root/srv/weaver/plugins/strategies" "$root/srv/weaver/plugins/adapters"
chown "$user:$user" "$root/var/lib/weaver"
chmod 0750 "$root/var/lib/weaver"
rm -f "$root/tmp/prepare-image.sh"
