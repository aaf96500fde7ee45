/**
 * Why a connected Redis refuses a command, by the codes of its answers. The labels of the metric,
 * the alert of /health and the line in the log are made from this table.
 */
export interface RefusalRow {
  /** Matches Redis's answer: its code, or its words where it has no code for it. */
  readonly answers: RegExp
  /** Follows "Redis". */
  readonly says: string
  /** What the operator of Redis can do. */
  readonly fix: string
  /** The connection leads to the wrong server, or has no user: a new one may be right. */
  readonly isFixedByReconnecting?: true
  /** It is about the server, not about the command: every other command fails alike. */
  readonly isOfServer?: true
}

const ofServer = { isOfServer: true } as const
const fixedByReconnecting = { isOfServer: true, isFixedByReconnecting: true } as const

/** The first row that matches applies. */
export const redisRefusalRows = {
  read_only: {
    answers: /\bREADONLY\b/,
    says: 'is a read-only replica',
    fix: 'REDIS_URL must lead to the primary; the relay reconnects until it does',
    ...fixedByReconnecting,
  },
  moved: {
    answers: /\bMOVED \d/,
    says: 'Cluster keeps the buffer on another node',
    fix: 'the relay follows; the nodes must announce addresses that it can reach',
    ...fixedByReconnecting,
  },
  migrating: {
    answers: /\bASK \d|\bTRYAGAIN\b/,
    says: 'Cluster moves the slot of the buffer to another node',
    fix: 'the relay follows when the move is over',
  },
  cluster_down: {
    answers: /\bCLUSTERDOWN\b/,
    says: 'Cluster has no node for the slot of the buffer, or is down',
    fix: 'see CLUSTER INFO of its nodes',
    ...ofServer,
  },
  cross_slot: {
    answers: /\bCROSSSLOT\b/,
    says: 'or a proxy in front of it spreads one namespace over several slots',
    fix: 'keys of a namespace share one hash tag, which must not be changed',
  },
  out_of_memory: {
    answers: /\bOOM\b/,
    says: 'is full (maxmemory) and may not evict',
    fix: 'give it more memory or a maxmemory-policy that evicts, such as allkeys-lru',
    ...ofServer,
  },
  no_replicas: {
    answers: /\bNOREPLICAS\b/,
    says: 'has fewer replicas than min-replicas-to-write',
    fix: 'see INFO replication',
    ...ofServer,
  },
  cannot_save: {
    answers: /\bMISCONF\b/,
    says: 'cannot save to disk and takes no writes (stop-writes-on-bgsave-error)',
    fix: 'see its log and its disk',
    ...ofServer,
  },
  loading: {
    answers: /\bLOADING\b/,
    says: 'is reading its data from disk',
    fix: 'the relay retries until that is done',
    ...ofServer,
  },
  primary_lost: {
    answers: /\bMASTERDOWN\b/,
    says: 'is a replica that has lost its primary',
    fix: 'REDIS_URL must lead to the primary; the relay reconnects until it does',
    ...fixedByReconnecting,
  },
  busy: {
    answers: /\bBUSY\b/,
    says: 'is blocked by a script that runs too long',
    fix: 'SCRIPT KILL ends it',
    ...ofServer,
  },
  no_password: {
    answers: /\bNOAUTH\b/,
    says: 'requires a password',
    fix: 'put one into REDIS_URL',
    ...fixedByReconnecting,
  },
  wrong_password: {
    answers: /\bWRONGPASS\b|\binvalid (?:username-)?password/i,
    says: 'rejects the user or the password of REDIS_URL',
    fix: 'set the current ones, and restart the relay',
    ...ofServer,
  },
  no_permission: {
    answers: /\bNOPERM\b|\bACL failure in script\b|\buser executing the script can't\b/,
    says: 'denies the user of REDIS_URL a command or a key',
    fix: 'see ACL LOG; the buffer needs scripts, streams, sets and lists under its prefix',
  },
  no_database: {
    answers: /\bDB index is out of range|SELECT is not allowed/,
    says: 'has no database of the number in REDIS_URL',
    fix: 'a cluster has only number 0; else see its setting `databases`',
    ...ofServer,
  },
  too_many_clients: {
    answers: /\bmax number of clients\b/,
    says: 'has as many clients as it may (maxclients)',
    fix: 'raise maxclients, or end clients that are not needed',
    ...ofServer,
  },
  wrong_type: {
    answers: /\bWRONGTYPE\b/,
    says: 'holds another type under a key of the buffer',
    fix: 'give the relay a Redis, or a database, that no other program writes to',
  },
  script_forgotten: {
    answers: /\bNOSCRIPT\b/,
    says: 'loses scripts as soon as they are loaded',
    fix: 'see who calls SCRIPT FLUSH, or whether a proxy spreads one connection over servers',
  },
  other: {
    answers: /^/,
    says: 'answers with an error that the relay does not know',
    fix: 'see `answer` in the log',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>

export type RedisRefusal = keyof typeof redisRefusalRows
export const redisRefusals = Object.keys(redisRefusalRows) as readonly RedisRefusal[]

/** Codes stand in front; an error inside a script follows the script's own words. */
const lookedAt = 512

/** The meaning of an error in an answer of Redis. */
export function refusalOf(answer: string): RedisRefusal {
  const text = answer.slice(0, lookedAt)
  return redisRefusals.find((one) => redisRefusalRows[one].answers.test(text)) ?? 'other'
}

/** A refusal by its name, as another relay may have stored it. */
export const refusalNamed = (name: unknown): RedisRefusal | undefined =>
  redisRefusals.find((one) => one === name)

/** The sentence for operators. */
export const refusalText = (refusal: RedisRefusal): string => {
  const { says, fix } = redisRefusalRows[refusal]
  return `Redis ${says}; ${fix}`
}

/** Whether a new connection may succeed where this one is refused. */
export const isFixedByReconnecting = (refusal: RedisRefusal): boolean => {
  const row: RefusalRow = redisRefusalRows[refusal]
  return row.isFixedByReconnecting === true
}

/** Whether it holds for every command to this server. */
export const isOfServer = (refusal: RedisRefusal): boolean => {
  const row: RefusalRow = redisRefusalRows[refusal]
  return row.isOfServer === true
}
