#!/bin/bash
# ready.sh PORT PATH: 0 if the container answers 200 there. A health check that costs milliseconds and needs no curl.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.1\r\nHost: ready\r\nConnection: close\r\n\r\n' "$2" >&3
read -r -t 3 _ status _ <&3
[ "$status" = 200 ]
