/**
 * The resume namespace, which separates the cursors and the replay buffers of different Kafka
 * topics, groups and clusters. Clients key their stored cursors by it and Redis keys begin with it,
 * so its bytes are DashFlow's contract.
 */
export interface NamespaceParts {
  /** As given, or as the cluster reports it; empty when it is not known. */
  readonly clusterId: string
  readonly topic: string
  readonly group: string
  /** Comma-separated, as configured. */
  readonly brokers: string
}

/**
 * Version 2 when the cluster is known, else version 1, which two clusters behind one address would
 * share: a caller that falls back to it should log that.
 */
export function resumeNamespace({ clusterId, topic, group, brokers }: NamespaceParts): string {
  const place = `topic=${topic};group=${group};brokers=${sortedBrokers(brokers)}`
  return clusterId === ''
    ? `v1_${base64url(place)}`
    : `v2_${base64url(`cluster=${clusterId};${place}`)}`
}

const base64url = (text: string) => Buffer.from(text).toString('base64url')

/** Byte order, not the language's: the order of a broker list must not depend on the host. */
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

function sortedBrokers(brokers: string): string {
  const names = brokers.split(',').map((name) => name.trim())
  return names
    .filter((name) => name !== '')
    .toSorted(byBytes)
    .join(',')
}
