#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make compose-test: docker-compose.yml on this machine's Docker engine. The image is small, everything
# becomes healthy, is nobody in particular and can write nowhere, and the demo passes. Then a replica is
# stopped under load and every replica is replaced under load, ten times over, with retries off, and no
# call fails.
#
#   scripts/compose_test.sh [ROLLS]      (10)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib/say.sh
source scripts/lib/process.sh

rolls=${1:-10}
export COMPOSE_PROJECT_NAME=weir-test-$$ WEIR_TAG=test WEIR_PORT=0 # any free ports
WEIR_SECRETS=$(mktemp -d "${TMPDIR:-/tmp}/weir-compose.XXXXXX")
export WEIR_SECRETS
if docker compose version >/dev/null 2>&1; then
  compose() { docker compose "$@"; }
else
  command -v docker-compose >/dev/null || die "neither docker compose nor docker-compose is installed"
  compose() { docker-compose "$@"; }
fi

clean_up() {
  local status=$?
  trap - EXIT
  if ((status != 0)); then
    compose logs --tail=40 >&2 || true
  fi
  docker rm --force "$COMPOSE_PROJECT_NAME-load" >/dev/null 2>&1 || true
  compose down --volumes --timeout 1 >/dev/null 2>&1 || true
  rm -rf -- "$WEIR_SECRETS"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

scripts/images.sh
scripts/compose_secrets.sh "$WEIR_SECRETS"
compose build migrate # quick where nothing has changed

size_of() { docker image inspect --format '{{.Size}}' "$1"; }
above=$((($(size_of "weir:$WEIR_TAG") - $(size_of debian:trixie-slim)) >> 20))
say "the image: $above MiB above debian:trixie-slim"
((above < 60)) || die "the image is $above MiB above its base, and 60 are too many"

replicas() { docker ps --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
  --filter label=com.docker.compose.service=weir; }
is_healthy() { [[ $(docker inspect --format '{{.State.Health.Status}}' "$1") == healthy ]]; }
count() { replicas | wc -l; }

say "up, and the demo"
compose up --detach >/dev/null
for id in $(replicas); do wait_until 60 is_healthy "$id" || die "a replica did not become healthy"; done
(($(count) == 2)) || die "there are $(count) replicas, and not 2"
for id in $(replicas); do
  [[ $(docker exec "$id" id -u) == 65532 ]] || die "a replica is not the user that it should be"
  ! docker exec "$id" sh -c ': >/tmp/file || : >/run/file' 2>/dev/null || die "a replica can write"
done
docker run --rm --network "${COMPOSE_PROJECT_NAME}_default" --entrypoint bash "weir:$WEIR_TAG" -c \
  'exec 3<>/dev/tcp/weir/8081; printf "GET /metrics HTTP/1.1\r\nHost: weir:8081\r\n\r\n" >&3; grep -q weir_serving <&3' ||
  die "the admin port does not answer others"
docker exec "$(replicas | head -n 1)" weir top --once >/dev/null || die "the admin port does not answer its own machine"
demo=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
  --filter label=com.docker.compose.service=demo)
[[ $(docker wait "$demo") == 0 ]] || die "the demo failed: $(docker logs "$demo" 2>&1 | tail -n 20)"

load=$COMPOSE_PROJECT_NAME-load
start_load() {
  docker run --detach --name "$load" --network "${COMPOSE_PROJECT_NAME}_default" \
    --entrypoint weir "weir:$WEIR_TAG" --address dns:///weir:50051 --no-retries \
    load --rate 1000 --duration 1h --ids 1 >/dev/null
  sleep 2 # of load before anything happens
}
# Ends the load, and insists that no call failed.
end_load() {
  [[ $(docker inspect --format '{{.State.Running}}' "$load") == true ]] ||
    die "the load ended early: $(docker logs "$load" 2>&1)"
  docker kill --signal INT "$load" >/dev/null
  local status
  status=$(docker wait "$load")
  docker logs "$load" 2>&1 | sed 's/^/    /'
  docker rm "$load" >/dev/null
  ((status == 130)) || die "calls failed: the load ended with $status"
}
stop() { # with the grace period of docker-compose.yml; its drain must have cut nothing
  docker stop --time 90 "$1" >/dev/null
  [[ $(docker inspect --format '{{.State.ExitCode}}' "$1") == 0 ]] ||
    die "a replica cut calls: $(docker logs "$1" 2>&1 | tail -n 1)"
}

say "docker stop of one of two replicas under load"
start_load
id=$(replicas | head -n 1)
stop "$id"
end_load
docker start "$id" >/dev/null
wait_until 60 is_healthy "$id" || die "a replica that was started again is not healthy"

say "every replica is replaced under load, $rolls times"
start_load
for ((roll = 1; roll <= rolls; ++roll)); do
  for old in $(replicas); do
    compose up --detach --no-recreate --no-deps --scale weir=3 weir >/dev/null 2>&1
    for id in $(replicas); do wait_until 60 is_healthy "$id" || die "the new replica is not healthy"; done
    stop "$old"
    docker rm "$old" >/dev/null
  done
done
end_load
say "passed: $rolls rolls of 2 replicas, no call failed"
