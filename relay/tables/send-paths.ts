/** Kinds of writes to a client, and how one fails: labels of metrics. */

/** Live records, an answer to this client, or a replay. */
export const sendPaths = ['broadcast', 'control', 'resume'] as const
export type SendPath = (typeof sendPaths)[number]

export const sendFailures = ['send_timeout', 'send_failed'] as const
export type SendFailure = (typeof sendFailures)[number]
