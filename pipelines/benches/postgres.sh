# A PostgreSQL server of the benchmark's own, to be sourced: `start_postgres FOLDER` starts one with the settings it comes
# with (fsync on) in a new folder, whose name it puts into $cluster, `stop_postgres` ends it and removes the folder.
# `pg PROGRAM …` runs one of its programs against it. The programs are sought where packages put them; root runs the
# server as postgres or nobody.
cluster=
postgres_user=

find_postgres() {
  local folder
  for folder in $(printf '%s' "$PATH" | tr : '\n') $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
    /usr/libexec/postgresql* /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
    2>/dev/null | sort -rV); do
    [ -x "$folder/initdb" ] || continue
    folder=$(dirname "$(readlink -f "$folder/initdb")")
    if [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ] && [ -x "$folder/psql" ]; then
      printf '%s\n' "$folder"
      return
    fi
  done
  return 1
}

as_server() {
  if [ -n "$postgres_user" ]; then
    (cd "$cluster" && setpriv --reuid "$postgres_user" --regid "$(id -g "$postgres_user")" --clear-groups "$@")
  else
    (cd "$cluster" && "$@")
  fi
}

# The rest of the line are settings, each as -c name=value.
start_postgres() {
  programs=$(find_postgres) || { echo "no PostgreSQL server (initdb, pg_ctl, postgres, psql) found" >&2; return 1; }
  if [ "$(id -u)" = 0 ]; then
    for postgres_user in postgres nobody; do id -u "$postgres_user" >/dev/null 2>&1 && break; done
  fi
  # The path of a socket may have 107 bytes: a short one. Only the server's user (and root) may open the folder.
  cluster=$(mktemp -d /tmp/vienkop-bench-XXXXXX)
  if [ -n "$postgres_user" ]; then chown "$postgres_user" "$cluster"; fi
  unset "${!PG@}"
  as_server "$programs/initdb" --encoding=UTF8 --locale=C --auth=trust -U vienkop -D "$cluster/data" >/dev/null
  as_server "$programs/pg_ctl" start --silent --wait -D "$cluster/data" -l "$cluster/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$cluster $*" || { cat "$cluster/log" >&2; return 1; }
}

pg() {
  local program=$1
  shift
  "$programs/$program" -h "$cluster" -U vienkop "$@"
}

postgres_url() {
  printf 'postgres://vienkop@localhost/%s?host=%s\n' "$1" "$cluster"
}

stop_postgres() {
  [ -n "$cluster" ] || return 0
  as_server "$programs/pg_ctl" stop --silent --mode=immediate -D "$cluster/data" >/dev/null 2>&1 || true
  rm -rf "$cluster"
  cluster=
}
