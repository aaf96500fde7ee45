/** A run's history is read once, for its verdicts and its report, and is not held behind them. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test, vi } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import type { Stream } from '../history/history.ts'
import { openJournal } from '../history/journal.ts'
import { eachLine } from '../history/lines.ts'
import { story } from '../history/story-testbed.ts'
import { judgeRun } from '../judge/judged-run.ts'
import { historyFolder } from '../judge/record.ts'
import { standardCharts } from './charts.ts'
import { reportOf } from './report-model.ts'
import { recordWith } from '../judge/record-testbed.ts'

vi.mock('../history/lines.ts', { spy: true })

const scenario = scenarios['health-reflects-current-state']
const record = recordWith({
  scenario: { name: scenario.name, claim: scenario.claim },
  journals: ['conductor.ndjson', 'fleet.ndjson'],
})
const journals = {
  'conductor.ndjson': story()
    .process(0, 'start')
    .acked(1, 0, 0, 30)
    .broken(2, 3, { fault: 'cut', hop: 'redis' })
    .phase('settle', 10, 20),
  'fleet.ndjson': story().opened(0.5, 1).delivered(1.1, 1, 0, 0, 30).closed(20.5, 1, 'client'),
}

/** The folder of a run, which goes with the test. */
function runFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'one-read-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, historyFolder))
  for (const [name, { events }] of Object.entries(journals)) {
    const journal = openJournal(new ManualClock(21_000), join(folder, historyFolder, name), 0)
    for (const event of events) journal.write(event)
    journal.close()
  }
  return folder
}

test('each journal is read once, and never again for the report', () => {
  const folder = runFolder()
  const judged = judgeRun(folder, record, standardCharts)
  rmSync(folder, { recursive: true })
  const item = { scenario, target: { kind: 'reference' }, reproduce: '' } as const
  const head = { title: '', seed: '', reproduce: '', startedUnixMs: 0, tookMs: 0 }
  const [shown] = reportOf(head, [{ item, folder, record, ...judged }]).scenarios
  expect(shown).toMatchObject({ verdict: 'pass', faults: [{ from: 2, to: 3 }] })
  expect(shown?.charts.length).toBeGreaterThan(2)
  expect(vi.mocked(eachLine).mock.calls.map(([file]) => file)).toEqual(
    Object.keys(journals).map((name) => join(folder, historyFolder, name)),
  )
})

test('the history is let go once it is judged and drawn', async () => {
  let stream: WeakRef<Stream> | undefined
  const judged = judgeRun(runFolder(), record, (history) => {
    stream = new WeakRef(history.stream())
    return standardCharts(history)
  })
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // A WeakRef holds what it was made of until the job that made it is over.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(stream).toBeDefined()
  expect(stream?.deref()).toBeUndefined()
  expect(judged.excerpt.faults).toHaveLength(1)
})
