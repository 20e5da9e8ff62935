#!/bin/sh
# Make the secrets that docker-compose.yml hands to the services: sh deploy/secrets/make.sh
# Safe to repeat: what is here is kept, because the database goes on with the password it was made with.
set -eu
cd "$(dirname "$0")"
umask 077
# Nobody else on this machine may enter the folder. The files themselves are readable, because compose mounts each as
# it is, and the users inside the containers are not you.
chmod 700 .

random() { od -An -N 32 -t x1 /dev/urandom | tr -d ' \n'; }

# Whole or not at all: a file that is there is complete.
write() {
    cat >"$1.new"
    chmod 444 "$1.new"
    mv "$1.new" "$1"
}

missing() {
    [ ! -s "$1" ] && echo "made deploy/secrets/$1"
}

if missing secret_key; then random | write secret_key; fi
if missing postgres_password; then random | write postgres_password; fi
if missing redis.conf; then echo "requirepass $(random)" | write redis.conf; fi
if missing database_url; then
    echo "postgresql+psycopg://moderation:$(cat postgres_password)@postgres:5432/moderation" | write database_url
fi
if missing redis_url; then
    echo "redis://:$(sed -n 's/^requirepass //p' redis.conf)@redis:6379/0" | write redis_url
fi
echo "the secrets are in deploy/secrets; keep a copy of them with your backups"
