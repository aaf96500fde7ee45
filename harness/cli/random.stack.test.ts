/**
 * One random schedule on every commit, always the same: partitions that move, a restart, an outage
 * of Kafka, clients that vanish. New seeds are for the nights.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../reports/render/model.ts'
import { repoRoot } from '../world/places.ts'

const folder = mkdtempSync(join(tmpdir(), 'random-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(...words: readonly string[]): Promise<{ code: number | null; report: Report }> {
  const args = [join(repoRoot, 'harness/cli/main.ts'), 'run', ...words, '--json', '--out', folder]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, report: JSON.parse(out) as Report }))
  })
}

test('the invariants of the protocol hold through schedule 5 of seed 8', async () => {
  const words = ['--suite', 'random', '--schedule', '5'] as const
  const { code, report } = await run(...words, '--shrink-for', '0', '--seed', '8')
  const found = report.findings.map(({ id, verdict, why }) => `${id} ${verdict}: ${why}`)
  expect(found).toEqual([
    expect.stringMatching(/^own-14 pass: /),
    expect.stringMatching(/^stream pass: All .* records/),
  ])
  expect(code).toBe(0)
  const [scenario] = report.scenarios
  expect(scenario?.faults).toHaveLength(5)
  expect(report.reproduce).toBe(`npm run chaos -- run ${words.join(' ')} --seed 8`)
}, 150_000)
