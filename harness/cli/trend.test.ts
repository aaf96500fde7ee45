/** `chaos trend`: what it says of no night, one, many, and a damaged one. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Night } from '../../reports/render/night.ts'
import { entryOf, nightOf } from '../nightly/nights-testbed.ts'
import { nightBefore } from '../nightly/nights.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { trend } from './trend.ts'

const root = mkdtempSync(join(tmpdir(), 'trend-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let places = 0

/** A folder with these nights, or with files of these texts. */
function nights(...all: (Night | string)[]): string {
  const folder = join(root, String((places += 1)))
  mkdirSync(folder)
  for (const [index, one] of all.entries()) {
    mkdirSync(join(folder, `n${index}`))
    const text = typeof one === 'string' ? one : JSON.stringify(one)
    writeFileSync(join(folder, `n${index}`, 'nightly.json'), text)
  }
  return folder
}

async function told(folder: string, last?: string) {
  let text = ''
  const out = { write: (more: string) => void (text += more) } as unknown as CommandWorld['out']
  const page = join(folder, 'trend.html')
  const options = { out: page, ...(last !== undefined && { last }) }
  const code = await trend({ out }, [folder], options)
  return { code, text, page: existsSync(page) ? readFileSync(page, 'utf8') : '' }
}

const five = [1, 2, 3, 4, 5].map((day) => nightOf(day, [entryOf()]))

test('no night is a usage error that says how to make one', async () => {
  const says = /there is neither in .*chaos -- nightly/
  await expect(async () => told(nights())).rejects.toThrow(says)
  await expect(async () => told(join(root, 'nowhere'))).rejects.toThrow('there is neither in')
})

test('one night is drawn, and said to be no trend', async () => {
  const { code, text, page } = await told(nights(nightOf(1, [entryOf()])))
  expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining('needs more') })
  expect(page).toContain('<h1>1 night on 1 machine</h1>')
})

test('of many the last ones are drawn, by their time and not by their folder', async () => {
  const { code, text, page } = await told(nights(...five.toReversed()), '2')
  expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining('2 nights') })
  expect(page).toContain('01-04 to 01-05')
  await expect(async () => told(nights(...five), '0')).rejects.toThrow('--last takes a number')
})

test('a damaged one is left out, on the page as well, and is no success', async () => {
  const { code, text, page } = await told(nights(...five, '{"schemaVersion":1'))
  expect(code).toBe(2)
  expect(text).toMatch(/^left out: .*n5\/nightly\.json cannot be read \(.*was the night cut short/m)
  expect(page).toMatch(/Left out:.*n5\/nightly\.json cannot be read/s)
  const alone = /not a night of this version: .*fix/s
  await expect(async () => told(nights('{}'))).rejects.toThrow(alone)
})

test('the night before is the newest that can be read', () => {
  const folder = nights(...five.toReversed(), '{')
  expect(nightBefore(join(folder, 'tonight'))).toMatchObject({ night: { seed: 'seed-5' } })
  expect(nightBefore(join(folder, 'n0'))).toMatchObject({ night: { seed: 'seed-4' } })
  expect(nightBefore(join(nights('{'), 'tonight'))).toHaveProperty('trouble')
  expect(nightBefore(join(nights(), 'tonight'))).toBeUndefined()
})
