/**
 * The baseline relay that the relay is measured against: the same consumer library with the same
 * fetch settings, and for every record and client one `send` of the cursor and one of the record.
 * It has no replay, no deadline, no bound. Arguments: brokers, topic, group, port.
 */
import process from 'node:process'
import { WebSocketServer } from 'ws'
import { createKafka } from '../../relay/kafka/kafka-client.ts'
import { createLogger } from '../../relay/adapters/logger.ts'
import { parseSettings } from '../../relay/tables/settings-parse.ts'

const [brokers = '', topic = '', groupId = '', port = ''] = process.argv.slice(2)
const parsed = parseSettings({ KAFKA_BROKERS: brokers })
if (!parsed.ok) throw new Error(parsed.problems.join('; '))
const { settings } = parsed
const logger = createLogger('warn')
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(port),
  perMessageDeflate: false,
})
const consumer = createKafka(settings, 'plain', logger).consumer({
  groupId,
  maxWaitTimeInMs: settings.kafkaFetchWaitMsMax,
})
consumer.on(consumer.events.GROUP_JOIN, () => process.stdout.write('ready\n'))
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch: { messages, partition } }) => {
    for (const { offset, value } of messages) {
      if (value === null) continue
      const cursor = JSON.stringify({ type: 'cursor', partition, offset })
      for (const client of server.clients) {
        client.send(cursor)
        client.send(value)
      }
    }
  },
})
process.stdout.write('listening\n')
process.on('SIGTERM', () => process.exit(0))
