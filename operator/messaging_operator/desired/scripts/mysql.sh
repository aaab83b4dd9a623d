#!/bin/bash
# Runs MySQL; asks of the image only bash, coreutils, `mysqld` and `mysql` on PATH and a passwd entry for the uid.
#
#   mysql.sh [mysqld options]   make the data folder on the first start, then serve
#   mysql.sh ready              0 once a query is answered (a readiness probe)
#
# Reads   /run/secrets/mysql/root_password
#         /run/secrets/services/<service>/database_username, database_password: an account each, for the database <service>
# Writes  /var/lib/mysql (the volume), /run/mysqld and /tmp (scratch)
# Leaves with 2 where the volume holds something that is not ours: it is never emptied.
set -euo pipefail
umask 077

volume=${MYSQL_VOLUME:-/var/lib/mysql}
data=$volume/data
run=/run/mysqld
secrets=/run/secrets
marker=.messaging-platform

if [ "${1:-}" = ready ]; then
  exec mysql --defaults-file="$run/client.cnf" --connect-timeout=3 -Nse 'SELECT 1 FROM mysql.user LIMIT 1' >/dev/null
fi

options=(
  --no-defaults
  --datadir="$data"
  --pid-file="$run/mysqld.pid"
  --socket="$run/mysqld.sock"
  --tmpdir=/tmp
  --secure-file-priv=NULL
  --mysqlx=OFF
  --innodb-use-native-aio=OFF
)

refuse() {
  echo "mysql: $1" >&2
  exit 2
}

# A folder is filled aside and renamed when it is whole: a start that was cut off leaves nothing that looks like data.
initialise() {
  local entry aside
  for entry in "$volume"/* "$volume"/.[!.]*; do
    case ${entry##*/} in
      '*' | '.[!.]*' | lost+found) ;;
      .init-*) rm -rf "$entry" ;;
      *) refuse "$volume holds ${entry##*/}, which is not ours; nothing was changed" ;;
    esac
  done
  aside=$(mktemp -d "$volume/.init-XXXXXXXX")
  mysqld "${options[@]}" --datadir="$aside" --initialize-insecure --skip-log-bin
  touch "$aside/$marker"
  sync
  mv -T "$aside" "$data"
  sync
}

# What may stand between quotes, in SQL and in an option file.
quoted() {
  sed -e 's/\\/\\\\/g' -e "s/'/\\\\'/g" "$1"
}

# Run at every start, before the first connection: so a changed Secret and a restart change the password.
accounts() {
  local folder service user
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$(quoted $secrets/mysql/root_password)';"
  for folder in "$secrets"/services/*/; do
    service=$(basename "$folder")
    user="'$(quoted "$folder/database_username")'@'%'"
    echo "CREATE DATABASE IF NOT EXISTS \`$service\` CHARACTER SET utf8mb4;"
    echo "CREATE USER IF NOT EXISTS $user;"
    echo "ALTER USER $user IDENTIFIED BY '$(quoted "$folder/database_password")';"
    echo "GRANT ALL ON \`$service\`.* TO $user;"
  done
}

if [ ! -e "$data" ]; then
  initialise
elif [ ! -e "$data/$marker" ]; then
  refuse "$data was not made by this platform; nothing was changed"
fi

accounts >"$run/accounts.sql"
printf "[client]\nsocket=%s\nuser=root\npassword='%s'\n" "$run/mysqld.sock" "$(quoted $secrets/mysql/root_password)" >"$run/client.cnf"

exec mysqld "${options[@]}" \
  --init-file="$run/accounts.sql" \
  --bind-address='*' \
  --skip-name-resolve \
  --loose-container-aware=ON \
  --binlog-expire-logs-seconds=259200 \
  "$@"
