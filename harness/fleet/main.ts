/** The fleet's process: its clients, and the commands that it takes from the conductor. */
import { systemClock } from '../../relay/world/clock.ts'
import { openJournal, type Journal } from '../history/journal.ts'
import { answerCommands } from '../world/answering.ts'
import { loadClientParts } from './client-parts.ts'
import { FirstSights } from './first-sights.ts'
import { createFleet, type Fleet } from './fleet.ts'
import type { FleetCommand, FleetStart, FleetStatus } from './protocol.ts'
import { referenceReader } from './reference-reader.ts'
import { dice } from '../world/dice.ts'

/** Enough for one read of a fast socket; larger reads gain nothing. */
const readBufferBytes = 256 * 1_024
/** Broken frames that are recorded one by one; further ones are only counted. */
const garbledMax = 10_000
const emptyStatus: FleetStatus = { groups: {}, backlogBytes: 0, eventLoopDelayMsMax: 0 }

const clock = systemClock
let journal: Journal | undefined
let fleet: Fleet | undefined

async function start(order: FleetStart): Promise<FleetStatus> {
  if (fleet !== undefined) throw new Error('the fleet was started before; start it once')
  const change = await loadClientParts(order.clientDefect)
  const opened = openJournal(clock, order.journalFile, order.originMs)
  const eyes = { clock, journal: opened, seed: order.seed, change }
  journal = opened
  fleet = createFleet({
    clock,
    journal: opened,
    sights: new FirstSights(opened),
    garbledLeft: garbledMax,
    readBuffer: Buffer.allocUnsafeSlow(readBufferBytes),
    leaves: dice(`${order.seed}/leaves`),
    reference: (client) => referenceReader(eyes, client),
  })
  return emptyStatus
}

async function perform(command: FleetCommand): Promise<FleetStatus> {
  if (command.do === 'start') return start(command)
  if (fleet === undefined) throw new Error(`the fleet must be started before "${command.do}"`)
  const status = await fleet.perform(command)
  if (command.do === 'finish') journal?.close()
  if (journal?.failure !== undefined) {
    throw new Error(`the fleet's journal could not be written: ${journal.failure.message}`)
  }
  return status
}

answerCommands({ clock }, perform, () => journal?.flush())
