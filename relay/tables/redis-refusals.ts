/**
 * Why a Redis that is reached refuses what it is asked. It says so in its own codes; the labels of
 * the metric, the alert of /health and the line in the log are made from this table.
 */
export interface RefusalRow {
  /** What Redis's answer has in it: its codes, or its words where it has no code for it. */
  readonly answers: RegExp
  /** Follows "Redis". */
  readonly says: string
  /** What whoever runs Redis can do. */
  readonly todo: string
  /** The connection leads to the wrong server, or is nobody's: another one may be right. */
  readonly isCuredByConnecting?: true
  /** It is about the server, and not about what it was asked: one answer speaks for all. */
  readonly isOfServer?: true
}

const ofServer = { isOfServer: true } as const
const cured = { isOfServer: true, isCuredByConnecting: true } as const

/** The first row that fits counts. */
export const redisRefusalRows = {
  read_only: {
    answers: /\bREADONLY\b/,
    says: 'is a read-only replica',
    todo: 'REDIS_URL must lead to the primary; it is connected to anew until it does',
    ...cured,
  },
  moved: {
    answers: /\bMOVED \d/,
    says: 'Cluster keeps the buffer on another node',
    todo: 'it is followed there; the nodes must announce addresses that the relay can reach',
    ...cured,
  },
  migrating: {
    answers: /\bASK \d|\bTRYAGAIN\b/,
    says: 'Cluster moves the slot of the buffer to another node',
    todo: 'it is followed there when the move is over',
  },
  cluster_down: {
    answers: /\bCLUSTERDOWN\b/,
    says: 'Cluster has no node for the slot of the buffer, or is down',
    todo: 'see CLUSTER INFO of its nodes',
    ...ofServer,
  },
  cross_slot: {
    answers: /\bCROSSSLOT\b/,
    says: 'or a proxy before it spreads one namespace over several slots',
    todo: 'keys of a namespace share one hash tag, which must be kept as it is',
  },
  out_of_memory: {
    answers: /\bOOM\b/,
    says: 'is full (maxmemory) and may not evict',
    todo: 'give it more memory or a maxmemory-policy that evicts, such as allkeys-lru',
    ...ofServer,
  },
  no_replicas: {
    answers: /\bNOREPLICAS\b/,
    says: 'has fewer replicas than min-replicas-to-write',
    todo: 'see INFO replication',
    ...ofServer,
  },
  cannot_save: {
    answers: /\bMISCONF\b/,
    says: 'cannot save to disk and takes no writes (stop-writes-on-bgsave-error)',
    todo: 'see its log and its disk',
    ...ofServer,
  },
  loading: {
    answers: /\bLOADING\b/,
    says: 'is reading its data from disk',
    todo: 'it is asked again until that is done',
    ...ofServer,
  },
  primary_lost: {
    answers: /\bMASTERDOWN\b/,
    says: 'is a replica that has lost its primary',
    todo: 'REDIS_URL must lead to the primary; it is connected to anew until it does',
    ...cured,
  },
  busy: {
    answers: /\bBUSY\b/,
    says: "runs somebody's script for too long and answers nobody else",
    todo: 'SCRIPT KILL ends it',
    ...ofServer,
  },
  no_password: {
    answers: /\bNOAUTH\b/,
    says: 'wants a password',
    todo: 'put one into REDIS_URL',
    ...cured,
  },
  wrong_password: {
    answers: /\bWRONGPASS\b|\binvalid (?:username-)?password/i,
    says: 'does not take the user or the password of REDIS_URL',
    todo: 'set the one that it has now, and restart the relay',
    ...ofServer,
  },
  no_permission: {
    answers: /\bNOPERM\b|\bACL failure in script\b|\buser executing the script can't\b/,
    says: 'forbids the user of REDIS_URL a command or a key',
    todo: 'see ACL LOG; the buffer needs scripts, streams, sets and lists under its prefix',
  },
  no_database: {
    answers: /\bDB index is out of range|SELECT is not allowed/,
    says: 'has no database of the number in REDIS_URL',
    todo: 'a cluster has number 0 alone; else see its setting `databases`',
    ...ofServer,
  },
  too_many_clients: {
    answers: /\bmax number of clients\b/,
    says: 'has as many clients as it may (maxclients)',
    todo: 'raise maxclients, or end clients that are not needed',
    ...ofServer,
  },
  wrong_type: {
    answers: /\bWRONGTYPE\b/,
    says: 'holds something else under a key of the buffer',
    todo: 'give the relay a Redis, or a database, that nobody else writes to',
  },
  script_forgotten: {
    answers: /\bNOSCRIPT\b/,
    says: 'forgets scripts as soon as they are loaded',
    todo: 'see who calls SCRIPT FLUSH, or whether a proxy spreads one connection over servers',
  },
  other: {
    answers: /^/,
    says: 'answers with an error that the relay does not know',
    todo: 'see `answer` in the log',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>

export type RedisRefusal = keyof typeof redisRefusalRows
export const redisRefusals = Object.keys(redisRefusalRows) as readonly RedisRefusal[]

/** Codes stand in front; what a script was refused is told behind the script's own words. */
const lookedAt = 512

/** What an error that Redis answered with means. */
export function refusalOf(answer: string): RedisRefusal {
  const text = answer.slice(0, lookedAt)
  return redisRefusals.find((one) => redisRefusalRows[one].answers.test(text)) ?? 'other'
}

/** A name that somebody else wrote down. */
export const refusalNamed = (name: unknown): RedisRefusal | undefined =>
  redisRefusals.find((one) => one === name)

/** As people are told of it. */
export const refusalText = (refusal: RedisRefusal): string => {
  const { says, todo } = redisRefusalRows[refusal]
  return `Redis ${says}; ${todo}`
}

/** Whether another connection may bring what this one refuses. */
export const isCuredByConnecting = (refusal: RedisRefusal): boolean => {
  const row: RefusalRow = redisRefusalRows[refusal]
  return row.isCuredByConnecting === true
}

/** Whether it holds for everything that this server is asked. */
export const isOfServer = (refusal: RedisRefusal): boolean => {
  const row: RefusalRow = redisRefusalRows[refusal]
  return row.isOfServer === true
}
