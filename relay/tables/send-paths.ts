/** Which kinds of writes a client is given, and how one of them fails: labels of metrics. */

/** Live records, a frame of the client's own, or a replay. */
export const sendPaths = ['broadcast', 'control', 'resume'] as const
export type SendPath = (typeof sendPaths)[number]

export const sendFailures = ['send_timeout', 'send_failed'] as const
export type SendFailure = (typeof sendFailures)[number]
