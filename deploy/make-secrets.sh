#!/bin/sh
# Make the files of secrets that docker-compose.yml mounts, each unless it is there. Usage: deploy/make-secrets.sh [FOLDER]
set -eu
folder="${1:-"$(dirname "$0")/secrets"}"
umask 077
mkdir -p "$folder"
chmod 0700 "$folder" # nobody else gets in; the files themselves are read in containers, by other users

for name in walle_password temporal_password api_token; do
    if [ ! -s "$folder/$name" ]; then
        head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/$name"
        echo "made $folder/$name"
    fi
done
for name in temporal_profile encryption_keys notify_channels alpaca_paper_api_key alpaca_paper_api_secret alpaca_live_api_key alpaca_live_api_secret; do
    [ -e "$folder/$name" ] || : >"$folder/$name" # empty: not used, an account that is not traded here, nobody who is notified
done
chmod 0444 "$folder"/*
