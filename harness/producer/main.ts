/** The producer's process: its load, and the commands that it takes from the conductor. */
import { systemClock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { openJournal, type Journal } from '../history/journal.ts'
import { watchStrain } from '../history/strain.ts'
import { answerCommands } from '../world/answering.ts'
import { openProducer, type Producer } from './producer.ts'
import type { ProducerCommand, ProducerStatus } from './protocol.ts'
import {
  openKafkaSink,
  openTransactionalSink,
  type Sink,
  type TransactionalSink,
} from './sink.ts'

type Start = Extract<ProducerCommand, { do: 'start' }>
type Order = Exclude<ProducerCommand, Start>
interface Running {
  readonly journal: Journal
  readonly sink: Sink
  readonly transactional: TransactionalSink
  readonly producer: Producer
}

const clock = systemClock
const drainLimitMs = 15_000
let running: Running | undefined

async function start(order: Start): Promise<ProducerStatus> {
  if (running !== undefined) throw new Error('the producer was started before; start it once')
  if (order.producerDefect !== undefined) {
    throw new Error(`no producer defect is known by the name "${order.producerDefect}"`)
  }
  const sink = await openKafkaSink(clock, order)
  const journal = openJournal(clock, order.journalFile, order.originMs)
  watchStrain(clock, journal, 'producer')
  const transactional = openTransactionalSink(clock, order)
  running = { journal, sink, transactional, producer: openProducer(clock, journal, sink, order) }
  return running.producer.status()
}

async function perform(command: ProducerCommand): Promise<ProducerStatus> {
  if (command.do === 'start') return start(command)
  if (running === undefined) {
    throw new Error(`the producer must be started before "${command.do}"`)
  }
  const status = await obey(running, command)
  if (running.journal.failure !== undefined) {
    throw new Error(`the producer's journal cannot be written: ${running.journal.failure.message}`)
  }
  return status
}

function obey(
  { producer, sink, transactional, journal }: Running,
  command: Order,
): ProducerStatus | Promise<ProducerStatus> {
  switch (command.do) {
    case 'load':
      return producer.load(command.load)
    case 'malformed':
      return producer.malformed(command.kinds, command.each, command.overMs)
    case 'burst':
      return producer.burst(command.count, command.load)
    case 'transactions':
      return producer.transactions(transactional, command.each, command.overMs)
    case 'status':
      return producer.status()
    case 'finish':
      return transactional.close().then(() => finish(producer, sink, journal))
    default:
      throw new Error(`the producer has no command "${(command satisfies never as Order).do}"`)
  }
}

/** What is in flight when the time is up is recorded as neither acknowledged nor refused. */
async function finish(producer: Producer, sink: Sink, journal: Journal): Promise<ProducerStatus> {
  const status = await withDeadline(clock, drainLimitMs, 'sending what is queued', () =>
    producer.drain(),
  ).catch((error: Error) => {
    journal.write({ kind: 'trouble', t: journal.now(), where: 'producer', what: error.message })
    return producer.status()
  })
  await sink.close()
  journal.close()
  return status
}

// What was acknowledged must be in the journal: else the topic has records that no journal names.
answerCommands({ clock }, perform, () => running?.journal.flush())
