#!/bin/bash
# Runs RabbitMQ; asks of the image only bash, coreutils, `rabbitmq-server` on PATH and a passwd entry for the uid.
#
#   rabbitmq.sh                 serve
#   rabbitmq.sh drain           wait, at most 50 s, until no queue would lose its quorum with this node (before a stop)
#
# Reads   /run/secrets/rabbitmq/erlang_cookie
#         /run/secrets/services/<service>/broker_username, broker_password: an account each
#         $RABBITMQ_EXTRA_CONFIG, a file of further settings, and $RABBITMQ_PLUGINS, names with commas between
# Writes  /var/lib/rabbitmq (the volume), /run/rabbitmq and /tmp (scratch)
set -euo pipefail
umask 077

run=/run/rabbitmq
secrets=/run/secrets

export HOME=$run

if [ "${1:-}" = drain ]; then
  command -v rabbitmq-queues >/dev/null || exit 0
  for _ in {1..25}; do
    rabbitmq-queues --quiet --timeout 10 check_if_node_is_quorum_critical >/dev/null 2>&1 && exit 0
    [ "$SECONDS" -lt 50 ] || exit 0
    sleep 1
  done
  exit 0
fi

export RABBITMQ_MNESIA_BASE=${RABBITMQ_MNESIA_BASE:-/var/lib/rabbitmq/mnesia}
export RABBITMQ_CONFIG_FILE=$run/rabbitmq.conf
export RABBITMQ_ENABLED_PLUGINS_FILE=$run/enabled_plugins
export RABBITMQ_LOGS=-
# Schedulers that spin while they wait would burn a small machine's CPU for nothing.
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none ${RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:-}"

# Erlang refuses a cookie that others may read, and a mounted Secret is readable for the group.
rm -f "$HOME/.erlang.cookie"
cp "$secrets/rabbitmq/erlang_cookie" "$HOME/.erlang.cookie"
chmod 0400 "$HOME/.erlang.cookie"

json() {
  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' "$1"
}

# Imported at every start: so a changed Secret and a restart change the password.
definitions() {
  local folder name users= permissions= comma=
  for folder in "$secrets"/services/*/; do
    name=$(json "$folder/broker_username")
    users+="$comma{\"name\":\"$name\",\"password\":\"$(json "$folder/broker_password")\",\"tags\":[]}"
    permissions+="$comma{\"user\":\"$name\",\"vhost\":\"/\",\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}"
    comma=,
  done
  printf '{"vhosts":[{"name":"/"}],"users":[%s],"permissions":[%s]}\n' "$users" "$permissions"
}

definitions >"$run/definitions.json"
printf '[%s].\n' "${RABBITMQ_PLUGINS:-}" >"$run/enabled_plugins"
{
  cat <<CONF
listeners.tcp.default = 5672
definitions.import_backend = local_filesystem
definitions.local.path = $run/definitions.json
log.console = true
log.console.level = info
log.file = false
CONF
  if [ -n "${RABBITMQ_EXTRA_CONFIG:-}" ]; then cat "$RABBITMQ_EXTRA_CONFIG"; fi
} >"$run/rabbitmq.conf"

exec rabbitmq-server
