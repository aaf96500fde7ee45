import { describe, expect, it } from 'vitest'
import { historyOf } from '../history/history.ts'
import { judge } from '../judge/judge.ts'
import { dice } from '../world/dice.ts'
import { forDamage, given, type Damage, type Given } from './damage.ts'
import { damages } from './damages.ts'
import { withoutDeliveries, type Events } from './edit.ts'
import { recordingsFolder, recordingsIn } from './recording.ts'
import { timeOf } from '../history/event.ts'

/**
 * A damaged history stays damaged: removing more of it never makes it look healthy.
 */
const chance = dice('strictness')
const cuts = 4
const patients = [...recordingsIn(recordingsFolder)].flatMap(([, read]) => {
  try {
    return [given(read())]
  } catch {
    // Of another version; that it cannot be read is told by the check of all recordings.
    return []
  }
})

/** Failing runs: each of some kinds of damage done to a recording that it applies to. */
const failing = [
  'a record is lost',
  'a record is lost at one client',
  'two records are swapped',
  'a byte is altered',
  'a record that was never produced',
  'the relay dies',
]

describe('a run that failed', () => {
  it.each(failing)('does not pass when it is cut anywhere: %s', (name) => {
    const damage = damages.find((one) => one.name === name) as Damage
    const patient = chance.pick(patients)
    const damaged = damage.apply(forDamage(patient, name))
    if (damaged === undefined || typeof damaged === 'string') return
    for (let n = 0; n < cuts; n += 1) {
      const at = Math.floor((chance.next() * 0.9 + 0.1) * patient.history.end)
      const shorter = damaged.events.filter((event) => timeOf(event) <= at)
      expect(verdictOf(patient, shorter), `cut at ${at} µs`).not.toBe('pass')
    }
  })

  it.each(failing)('does not pass when all deliveries end somewhere: %s', (name) => {
    const damage = damages.find((one) => one.name === name) as Damage
    const patient = chance.pick(patients)
    const damaged = damage.apply(forDamage(patient, name))
    if (damaged === undefined || typeof damaged === 'string') return
    for (let n = 0; n < cuts; n += 1) {
      const since = Math.floor(chance.next() * patient.history.end)
      const silent = withoutDeliveries(damaged.events, { since })
      expect(verdictOf(patient, silent), `silent since ${since} µs`).not.toBe('pass')
    }
  })
})

const verdictOf = ({ record }: Given, events: Events) => judge(historyOf(events), record).verdict
