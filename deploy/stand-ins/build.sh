#!/bin/bash
# Builds images that stand in for the published ones of docker-compose.chaos.yml, from what is on
# this machine: for machines that can't pull. They are no release: Debian's Java, Redis, Prometheus
# and Alertmanager, and the Kafka, Toxiproxy and Node that the toolchain has put under .tools. The
# relay and the harness are built by their own Dockerfiles. Grafana and k6 have no stand-in.
#
#   deploy/stand-ins/build.sh > stand-ins.env      as root, with debootstrap and Docker
#   docker compose --env-file stand-ins.env -f docker-compose.chaos.yml up
#
# Standard output are the variables that name the images. FOLDER keeps the Debian tree (400 MB)
# between runs; NPM_REGISTRY is where packages come from while images are built.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${FOLDER:-/var/tmp/dashstream-stand-ins}
prefix=dashstream-stand-in
tools=$PWD/.tools
export DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0}

version() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" harness/toolchain/pins.json; }
kafka=$(version kafka)
toxiproxy=$(version toxiproxy)
node=$(version node)
own=$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' package.json | head -1)
say() { echo "$*" >&2; }
need() { [ -e "$1" ] || { say "missing: $1; $2"; exit 1; }; }

need "$tools/kafka-$kafka/libs" 'run: npm run chaos -- run --suite quick'
need "$tools/toxiproxy-$toxiproxy/toxiproxy-server" 'run: npm run chaos -- run --suite quick'
need "$tools/node-$node/node_modules/node/bin/node" 'run: npm run chaos -- doctor'
npm=$(realpath "$(command -v npm)")
npm=${npm%/bin/*}
command -v debootstrap >/dev/null || { say 'missing: debootstrap; apt-get install debootstrap'; exit 1; }

if [ ! -e "$folder/done" ]; then
  say "Debian's tree into $folder"
  rm -rf "$folder"
  mkdir -p "$folder"
  debootstrap --variant=minbase \
    --include=ca-certificates,curl,redis-server,openjdk-17-jre-headless,prometheus,prometheus-alertmanager \
    bookworm "$folder/tree" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >&2
  touch "$folder/done"
fi

say 'the base'
tar -C "$folder/tree" -c --exclude=./var/cache --exclude=./var/lib/apt --exclude=./proc \
  --exclude=./sys --exclude=./dev . | docker import - $prefix/base:1.0.0 >&2

# Builds the image $1 of a folder with what the rest of the arguments name, and a Dockerfile on
# standard input.
build() {
  local name=$1 context
  shift
  context=$(mktemp -d "$folder/context.XXXXXX")
  cat >"$context/Dockerfile"
  for file in "$@"; do cp -r --reflink=auto "$file" "$context/"; done
  say "$name"
  docker build -q -t "$prefix/$name" "$context" >&2
  rm -rf "$context"
}

build kafka:$kafka "$tools/kafka-$kafka/libs" harness/stack/kafka-log4j2.properties \
  deploy/stand-ins/kafka-start.sh <<DOCKERFILE
FROM $prefix/base:1.0.0
COPY libs /opt/kafka/libs
COPY kafka-log4j2.properties kafka-start.sh /opt/kafka/
RUN mkdir -p /var/lib/kafka/data && chown -R 1000:0 /var/lib/kafka
USER 1000:0
CMD ["/opt/kafka/kafka-start.sh"]
DOCKERFILE

build redis:7.0.15 <<DOCKERFILE
FROM $prefix/base:1.0.0
CMD ["redis-server"]
DOCKERFILE

build toxiproxy:$toxiproxy "$tools/toxiproxy-$toxiproxy/toxiproxy-server" \
  deploy/stand-ins/toxiproxy-cli <<DOCKERFILE
FROM $prefix/base:1.0.0
COPY toxiproxy-server /toxiproxy
COPY toxiproxy-cli /toxiproxy-cli
ENTRYPOINT ["/toxiproxy"]
DOCKERFILE

build prometheus:2.42.0 <<DOCKERFILE
FROM $prefix/base:1.0.0
RUN mkdir -p /prometheus && chown 65534:65534 /prometheus
USER 65534:65534
ENTRYPOINT ["prometheus"]
DOCKERFILE

build alertmanager:0.25.0 <<DOCKERFILE
FROM $prefix/base:1.0.0
RUN mkdir -p /alertmanager && chown 65534:65534 /alertmanager
USER 65534:65534
ENTRYPOINT ["prometheus-alertmanager"]
DOCKERFILE

# The certificates of this machine: a proxy of its own may stand before the registry.
mkdir -p "$folder/certificates"
cp "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$folder/certificates/extra-ca.pem"
build node:$node "$tools/node-$node/node_modules/node/bin/node" "$npm" \
  "$folder/certificates/extra-ca.pem" <<DOCKERFILE
FROM $prefix/base:1.0.0
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/npm
RUN ln -s /usr/local/lib/npm/bin/npm-cli.js /usr/local/bin/npm
COPY extra-ca.pem /etc/ssl/extra-ca.pem
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/extra-ca.pem
${NPM_REGISTRY:+ENV npm_config_registry=$NPM_REGISTRY}
DOCKERFILE

# The images of this project, by their own Dockerfiles.
ours() {
  say "$2:$own"
  docker build -q ${BUILD_NETWORK:+--network $BUILD_NETWORK} -f "deploy/images/$1/Dockerfile" \
    --build-arg NODE_IMAGE=$prefix/node:$node --build-arg KAFKA_IMAGE=$prefix/kafka:$kafka \
    --build-arg TOXIPROXY_IMAGE=$prefix/toxiproxy:$toxiproxy "${@:3}" -t "$2:$own" . >&2
}
ours relay dashstream/relay
ours harness dashstream/chaos --target harness

cat <<VARIABLES
KAFKA_IMAGE=$prefix/kafka:$kafka
REDIS_IMAGE=$prefix/redis:7.0.15
TOXIPROXY_IMAGE=$prefix/toxiproxy:$toxiproxy
PROMETHEUS_IMAGE=$prefix/prometheus:2.42.0
ALERTMANAGER_IMAGE=$prefix/alertmanager:0.25.0
VARIABLES
