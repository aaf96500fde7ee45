import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { serverFrames, type ServerFrame } from '../../proto/control.ts'
import { closeRows } from '../../relay/tables/close-codes.ts'
import { differences } from '../../relay/tables/differences.ts'
import { errorRows } from '../../relay/tables/errors.ts'
import { metricRows } from '../../relay/tables/metrics.ts'
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import { settingRows } from '../../relay/tables/settings.ts'
import { findings } from '../findings/findings.ts'
import { scenarios } from '../../scenarios/index.ts'
import { defects } from '../defects/index.ts'
import { hostileFrames } from '../wire/hostile-frames.ts'
import { malformedKinds } from '../records/malformed.ts'
import { repoRoot } from '../world/places.ts'
import { printCatalogue, type CatalogueTables } from './catalogue.ts'
import { printConfig, printEnvExample, settingGroups, wrongValues } from './config.ts'
import { endpoints } from './endpoints.ts'
import { fieldsOf, serverFrameRows } from './frames.ts'
import { printMetrics } from './metrics.ts'
import { printProtocol } from './protocol.ts'
import { metricTables, printedTexts } from './texts.ts'

const catalogueTables: CatalogueTables = {
  scenarios,
  findings,
  defects,
  malformed: malformedKinds,
  hostileFrames,
}
const protocolTables = { closes: closeRows, errors: errorRows, differences }
/** The lines of `after` that `before` has not. */
const added = (before: string, after: string) => {
  const known = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !known.has(line))
}

describe('the printed texts', () => {
  it.each(printedTexts(scenarios))('$path is what its tables say', (text) => {
    const committed = readFileSync(join(repoRoot, text.path), 'utf8')
    const found = committed === text.print() ? 'as printed' : 'differs: npm run chaos -- docs'
    expect(found).toBe('as printed')
  })

  it.each(printedTexts(scenarios).filter(({ path }) => path.endsWith('.md')))(
    '$path has tables whose rows are as wide as their heads',
    (text) => {
      const lines = text.print().split('\n')
      const bars = lines.map((line) => line.replaceAll(String.raw`\|`, '').split('|').length)
      const isInside = (at: number) => lines[at]?.startsWith('|') && lines[at - 1]?.startsWith('|')
      const ragged = lines.filter((_, at) => isInside(at) && bars[at] !== bars[at - 1])
      expect(ragged).toEqual([])
    },
  )
})

describe('CONFIG.md and .env.example', () => {
  const row = { ...settingRows.sendTimeoutMs, byDefault: 7 }
  const changed = { ...settingRows, sendTimeoutMs: row }

  it('follow a changed default, each in one line', () => {
    const config = added(printConfig(settingRows), printConfig(changed))
    expect(config).toEqual([expect.stringContaining('| `7` (7 s) | 1 to 60 (1 s to 1 min)')])
    const example = added(printEnvExample(settingRows), printEnvExample(changed))
    expect(example).toEqual(['#WEBSOCKET_SEND_TIMEOUT_SECS=7'])
  })

  it('have every variable once, in a group of its own kind', () => {
    const config = printConfig(settingRows)
    const example = printEnvExample(settingRows)
    const names = Object.values(settingRows).map(({ env }) => env)
    const once = names.filter(
      (env) =>
        config.split(`\n| \`${env}\``).length === 2 && example.split(`\n#${env}=`).length === 2,
    )
    expect(once).toEqual(names)
    expect(settingGroups(settingRows).map(({ title }) => title)).not.toContain('Other')
  })

  it('puts a setting that fits no group under "Other" rather than losing it', () => {
    const stranger = { kind: 'text', env: 'STRANGE', byDefault: '', says: 'Is new.' } as const
    expect(printConfig({ stranger })).toContain('## Other')
  })

  it('has an example that changes nothing when all of it is taken', () => {
    const lines = printEnvExample(settingRows).split('\n')
    const assigned = lines.flatMap((line) => /^#([A-Z_]+)=(.*)$/.exec(line)?.slice(1, 3) ?? [])
    const pairs = assigned.flatMap((name, at) => (at % 2 === 0 ? [[name, assigned[at + 1]]] : []))
    expect(pairs).toHaveLength(Object.keys(settingRows).length)
    expect(parseSettings(Object.fromEntries(pairs) as Record<string, string>)).toEqual({
      ...parseSettings({}),
      warnings: [],
    })
  })

  it.each(wrongValues)('shows what is wrong with %o', (env) => {
    const parsed = parseSettings(env)
    expect(parsed.ok ? parsed.warnings : parsed.problems).not.toEqual([])
  })
})

describe('METRICS.md', () => {
  it('has every metric', () => {
    const text = printMetrics(metricTables)
    for (const { name } of Object.values(metricRows)) expect(text).toContain(`\n| \`${name}\``)
  })

  it('follows a changed bucket and a changed label', () => {
    const { e2eLatency, dlqSendFailures } = metricRows
    const before = [e2eLatency, dlqSendFailures]
    const after = [
      { ...e2eLatency, buckets: [1, 2] },
      { ...dlqSendFailures, labels: { reason: ['moon'] } },
    ]
    const [old, now] = [before, after].map((rows) =>
      printMetrics({ groups: [{ title: 'All', rows }], processNames: [] }),
    )
    expect(added(old!, now!)).toEqual([
      expect.stringContaining('Buckets: 1 · 2.'),
      expect.stringContaining('`reason`: `moon`'),
    ])
  })
})

describe('PROTOCOL.md', () => {
  const before = printProtocol(protocolTables)

  it('follows a changed close code, also where an error leads to it', () => {
    const closes = { ...closeRows, replay_timeout: { ...closeRows.replay_timeout, code: 4999 } }
    expect(added(before, printProtocol({ ...protocolTables, closes }))).toEqual([
      expect.stringContaining('| 4999 | `replay_timeout` |'),
      expect.stringContaining('is closed: 4999 `replay_timeout`'),
    ])
  })

  it('follows a new difference', () => {
    const one = { what: 'It sings.', why: 'For joy | sorrow.', noticed: 'Audibly.' }
    const after = printProtocol({ ...protocolTables, differences: [...differences, one] })
    const row = String.raw`| It sings. | For joy \| sorrow. | Audibly. |`
    expect(added(before, after)).toEqual([row])
  })

  it.each(Object.keys(serverFrames) as ServerFrame['type'][])(
    'shows every field of %s in its example',
    (type) => {
      const fields = fieldsOf(type).map(([name]) => name)
      expect(Object.keys(serverFrameRows[type].example).sort()).toEqual([...fields, 'type'].sort())
    },
  )

  it('knows every page that the relay serves', () => {
    const source = readFileSync(join(repoRoot, 'relay/relay.ts'), 'utf8')
    const served = [...source.matchAll(/^ +'(\/[\w/-]+)':/gm)].map(([, path]) => path)
    expect(served.length).toBeGreaterThan(3)
    expect(endpoints.map(({ path }) => path)).toEqual(expect.arrayContaining(served))
  })
})

describe('CATALOG.md', () => {
  const before = printCatalogue(catalogueTables)

  it('shows times at the settings that a scenario asks for', () => {
    const { 'sends-have-deadlines': one } = scenarios
    const slower = { ...one, relay: { ...one.relay, sendTimeoutMs: 9_000 } }
    const changed = { ...scenarios, [one.name]: slower }
    const lines = added(before, printCatalogue({ ...catalogueTables, scenarios: changed }))
    expect(lines).toContainEqual(expect.stringContaining('`WEBSOCKET_SEND_TIMEOUT_SECS=9`'))
    expect(lines).toContainEqual(expect.stringMatching(/^\| `broadcast` \| 19 s \|/))
    expect(lines).toContainEqual(expect.stringContaining('limit 15 s'))
  })

  it('has every scenario, defect, malformed kind and hostile frame', () => {
    for (const name of Object.keys(scenarios)) expect(before).toContain(`\n## ${name}\n`)
    const rows = [...Object.keys(defects), ...Object.keys(malformedKinds)]
    const frames = hostileFrames.map(({ name }) => name)
    for (const name of [...rows, ...frames]) expect(before).toContain(`\n| \`${name}\` |`)
  })

  it('follows a changed reaction to a malformed kind', () => {
    const garbage = { ...malformedKinds.garbage, relay: { does: 'forwards' } } as const
    const malformed = { ...malformedKinds, garbage }
    expect(added(before, printCatalogue({ ...catalogueTables, malformed }))).toEqual([
      expect.stringMatching(/^\| `garbage` \| .* \| forwards it \| never sees it \|/),
    ])
  })
})
