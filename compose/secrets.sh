#!/bin/bash
# Makes every secret of the platform once, each into the volume of who needs it; a second run changes nothing.
# Runs as root in a container without network, before anything else starts (compose.yaml).
#
# Volumes, below /volumes: <service> (a service's own), mysql and rabbitmq (theirs and what they must know of the
# services), mysql-data and rabbitmq-data (only given to their owner while they are empty).
set -euo pipefail
umask 077

volumes=/volumes
services_uid=10001
mysql_uid=999
rabbitmq_uid=999

# A file that exists is never written again; one that appears is whole.
once() { # once FILE VALUE
  mkdir -p "$(dirname "$1")"
  if [ ! -e "$1" ]; then
    printf '%s' "$2" >"$1.new"
    sync "$1.new"
    mv -n "$1.new" "$1"
  fi
}

random() {
  head -c 48 /dev/urandom | base64 -w 0 | tr -d '+/='
}

copy() { # copy FILE FOLDER
  mkdir -p "$2"
  cp "$1" "$2/"
}

for service in auth user message notification export; do
  own=$volumes/$service
  for kind in database broker; do
    once "$own/${kind}_username" "${service}_a"
    once "$own/${kind}_password" "$(random)"
  done
  case $service in
    auth) once "$own/key_encryption_key" "$(random)" ;;
    export) once "$own/link_key" "$(random)" ;;
  esac
  for file in username password; do
    copy "$own/database_$file" "$volumes/mysql/services/$service"
    copy "$own/broker_$file" "$volumes/rabbitmq/services/$service"
  done
  chown -R "$services_uid:$services_uid" "$own"
done
once "$volumes/mysql/mysql/root_password" "$(random)"
once "$volumes/rabbitmq/rabbitmq/erlang_cookie" "$(random)"
chown -R "$mysql_uid:$mysql_uid" "$volumes/mysql"
chown -R "$rabbitmq_uid:$rabbitmq_uid" "$volumes/rabbitmq"

give_empty() { # give_empty FOLDER UID
  if [ -z "$(ls -A "$1")" ]; then
    chown "$2:$2" "$1"
    chmod 0700 "$1"
  fi
}
give_empty "$volumes/mysql-data" "$mysql_uid"
give_empty "$volumes/rabbitmq-data" "$rabbitmq_uid"
