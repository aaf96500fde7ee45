/** Another member of a relay's group: as it joins and as it leaves, the group is dealt again. */
import { kafkaClient } from '../stack/kafka.ts'

export interface Rival {
  /** Records that it took so far. */
  readonly taken: number
  leave(): Promise<void>
}

export interface RivalPlan {
  readonly brokers: readonly string[]
  readonly groupId: string
  readonly topic: string
  /** Until its next heartbeat it does not know that the group is dealt again; default 500. */
  readonly heartbeatInterval?: number
  readonly maxWaitTimeInMs?: number
  /** Whether it commits what it takes, so that the group stands beyond what clients have. */
  readonly isCommitting?: boolean
}

/** Joins the group; settles before the group has let it in. */
export async function joinRival(plan: RivalPlan): Promise<Rival> {
  const { brokers, groupId, topic, isCommitting = true, heartbeatInterval = 500 } = plan
  const { maxWaitTimeInMs = 5_000 } = plan
  const timing = { heartbeatInterval, maxWaitTimeInMs }
  const consumer = kafkaClient('rival', brokers).consumer({ groupId, ...timing })
  let taken = 0
  await consumer.connect()
  await consumer.subscribe({ topic })
  await consumer.run({ autoCommit: isCommitting, eachMessage: async () => void (taken += 1) })
  return {
    get taken() {
      return taken
    },
    leave: () => consumer.disconnect(),
  }
}
