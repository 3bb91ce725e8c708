#!/bin/sh
# Make the namespace, or give it the retention that is wanted now.
set -eu
retention="${TEMPORAL_RETENTION:-30d}"

attempt=0
until temporal operator cluster health; do
    attempt=$((attempt + 1))
    if [ "$attempt" -ge 30 ]; then
        echo "The Temporal server at $TEMPORAL_ADDRESS does not answer." >&2
        exit 1
    fi
    sleep 2
done
if temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update -n "$TEMPORAL_NAMESPACE" --retention "$retention"
else
    temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention "$retention"
fi
