/** How long the relay may take to end, which those who stop it must know. */

/**
 * After SIGTERM it ends within this time, in order or not: clients are told, what they are owed is
 * sent, offsets are committed. Who stops it gives it more before SIGKILL.
 */
export const stopMsMax = 14_000
