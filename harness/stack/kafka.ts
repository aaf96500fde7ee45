/**
 * The only import of kafkajs in the harness: without logs, with short limits, so that every caller
 * gets an error in time. Only for the direct listener.
 */
import { connect } from 'node:net'
import kafkajs, { type ISocketFactory, Kafka, logLevel } from 'kafkajs'
import { patchKafkajs } from '../../relay/kafka/kafkajs-patches.ts'
import { hostOfSeed, seedOf, splitAddress } from '../../relay/tables/addresses.ts'
import type { Address } from './ways.ts'

export { AssignerProtocol } from 'kafkajs'
export type {
  Admin,
  Consumer,
  GroupDescription,
  Kafka,
  PartitionAssigner,
  Producer,
  ProducerBatch,
} from 'kafkajs'

export const { CompressionCodecs, CompressionTypes } = kafkajs

const connectLimitMs = 3_000
const requestLimitMs = 5_000

/** A client of the harness; `name` is what the broker's log calls it. */
export function kafkaClient(name: string, brokers: readonly Address[]): Kafka {
  patchKafkajs()
  return new Kafka({
    clientId: `chaos-${name}`,
    brokers: brokers.map((broker) => seedOf(splitAddress(broker))),
    socketFactory: openSocket,
    connectionTimeout: connectLimitMs,
    requestTimeout: requestLimitMs,
    logLevel: logLevel.NOTHING,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
  })
}

const keepAliveMs = 60_000

const openSocket: ISocketFactory = ({ host, port, onConnect }) => {
  const socket = connect({ host: hostOfSeed(host), port }, onConnect)
  return socket.setKeepAlive(true, keepAliveMs)
}
