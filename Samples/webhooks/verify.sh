#!/usr/bin/env bash
# Verifies a webhook of Postern with openssl: for a look at one by hand, and for languages without a sample of their own.
#   WEBHOOK_SECRET=whsec_... ./verify.sh ID TIMESTAMP SIGNATURES < body
# Exit status 0: it is Postern's and not older than five minutes. NOW, in seconds, stands in for the clock.
set -euo pipefail
id=$1 timestamp=$2 signatures=$3
[[ $timestamp =~ ^[0-9]{1,12}$ ]] || { echo "malformed timestamp" >&2; exit 1; }
age=$(( ${NOW:-$(date +%s)} - 10#$timestamp ))
(( age <= 300 && age >= -300 )) || { echo "too old, or from the future" >&2; exit 1; }
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
# The body goes through as it came: a shell variable would lose its last line end.
expected=v1,$({ printf '%s.%s.' "$id" "$timestamp"; cat; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
# Digests of both are compared, so that the time it takes says nothing about the signature itself.
digest() { printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }
for signature in $signatures; do
    if [ "$(digest "$signature")" = "$(digest "$expected")" ]; then echo "genuine"; exit 0; fi
done
echo "wrong signature" >&2
exit 1
