#!/bin/bash
# Runs Envoy for the gateway on the files that `messaging_operator.gateway` renders; asks of the image only bash and
# `envoy` on PATH.
#
#   envoy.sh            serve; SIGTERM drains: unready at once, then open requests get up to DRAIN_SECONDS (default 20)
#   envoy.sh validate   check the configuration and leave with 0 or 1 (an init container)
set -uo pipefail

boot=/etc/envoy/boot
log_format='{"event": "envoy", "time": "%Y-%m-%dT%H:%M:%S.%fZ", "level": "%l", "component": "%n", "message": "%j"}'
admin_port=${ADMIN_PORT:-9901}
drain_seconds=${DRAIN_SECONDS:-20}

# POST a path to Envoy's admin interface; prints the answer. The image need not have curl.
admin() {
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$admin_port" || return 1
  printf '%s %s HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' "$1" "$2" >&3
  answer=$(cat <&3)
  exec 3>&-
  printf '%s\n' "$answer"
}

figure() {
  admin GET "/stats?filter=^$1\$" | tr -d '\r' | sed -n "s/^$1: //p"
}

# Requests under way; an open web socket would count for ever, so it does not.
open_requests() {
  echo $(($(figure http.public.downstream_rq_active) - $(figure http.public.downstream_cx_upgrades_active)))
}

# Fail /ready first, so that whoever balances before us stops sending; then end idle and finished connections.
# Web sockets are closed at the end: their clients reconnect to another gateway and catch up.
drain() {
  trap '' TERM INT
  admin POST /healthcheck/fail >/dev/null 2>&1
  admin POST '/drain_listeners?graceful&skip_exit' >/dev/null 2>&1
  local left=$drain_seconds
  while [ "$left" -gt 0 ] && [ "$(open_requests 2>/dev/null)" != 0 ]; do
    sleep 1
    left=$((left - 1))
  done
  kill -TERM "$envoy" 2>/dev/null
}

if [ "${1:-}" = validate ]; then
  exec envoy --mode validate -c /etc/envoy/live/validate.yaml --log-level error
fi

trap drain TERM INT
envoy -c "$boot/bootstrap.yaml" --concurrency 1 --disable-hot-restart --log-level warning --log-format "$log_format" \
  --drain-time-s "$drain_seconds" --drain-strategy immediate --file-flush-interval-msec 500 &
envoy=$!
# A trapped signal ends the first wait early; the second one collects Envoy's own exit status.
wait "$envoy"
wait "$envoy" 2>/dev/null
exit $?
