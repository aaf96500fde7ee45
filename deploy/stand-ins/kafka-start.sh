#!/bin/bash
# Starts Kafka as the published image does, as far as docker-compose.chaos.yml needs it: every
# KAFKA_A_B is the setting a.b, and the data folder is formatted once.
set -euo pipefail
settings=/tmp/server.properties
env | sed -n 's/^KAFKA_\([A-Z_]*\)=\(.*\)$/\1 \2/p' | while read -r name value; do
  case $name in HEAP_OPTS) continue ;; esac
  echo "$(tr 'A-Z_' 'a-z.' <<<"$name")=$value"
done >$settings
run() { java $KAFKA_HEAP_OPTS -Dlog4j2.configurationFile=/opt/kafka/kafka-log4j2.properties "$@"; }
if [ ! -e "$KAFKA_LOG_DIRS/meta.properties" ]; then
  id=$(run -cp '/opt/kafka/libs/*' kafka.tools.StorageTool random-uuid)
  run -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format -t "$id" -c $settings
fi
# shellcheck disable=SC2086
exec java $KAFKA_HEAP_OPTS -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError \
  -Dlog4j2.configurationFile=/opt/kafka/kafka-log4j2.properties \
  -cp '/opt/kafka/libs/*' kafka.Kafka $settings
