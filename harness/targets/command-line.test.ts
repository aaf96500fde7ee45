/** Commands are split like a shell would, and what only a shell can do is refused. */
import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCommandLine } from './command-line.ts'

test.each([
  ['relay', ['relay']],
  ['  a/relay   --port 3002\t-v ', ['a/relay', '--port', '3002', '-v']],
  [`relay 'two words' "three more words"`, ['relay', 'two words', 'three more words']],
  [String.raw`re"la"'y' a\ b "c\"d" 'e\f'`, ['relay', 'a b', 'c"d', String.raw`e\f`]],
  [`relay '' ""`, ['relay', '', '']],
  [`relay 'a$b' '|' --x=1`, ['relay', 'a$b', '|', '--x=1']],
  [`relay *.json "a  b"`, ['relay', '*.json', 'a  b']],
])('%s', (text, [command, ...args]) => {
  expect(parseCommandLine(text)).toEqual({ ok: true, command, args })
})

test.each([
  ['', /no program/],
  ['relay "a', /quote \("\) has no end/],
  ["relay 'a", /quote \('\) has no end/],
  ['relay \\', /ends with a backslash/],
  ['relay > log', /">" has a meaning only in a shell.*--shell/],
  ['a && b', /"&".*--shell/],
  ['relay $HOME', /"\$".*--shell/],
  ['relay "$HOME"', /"\$".*--shell/],
  ['relay `id`', /"`".*--shell/],
  ['~/bin/relay', /"~".*--shell/],
  ['RUST_LOG=info relay', /--env RUST_LOG=info/],
])('%s is refused', (text, says) => {
  const parsed = parseCommandLine(text)
  expect(parsed.ok ? '' : parsed.problem).toMatch(says)
})

test('words that a shell quoted come back as the shell would give them', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '$', '|', '=') })
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const quoted = words.map((one) => `'${one.replaceAll("'", String.raw`'\''`)}'`).join(' ')
      const parsed = parseCommandLine(`relay ${quoted}`)
      expect(parsed).toEqual({ ok: true, command: 'relay', args: words })
    }),
  )
})

test('the same words as /bin/sh', () => {
  const text = String.raw`a\b "c\d\"e" 'f'"g"h "" i\ j`
  const { stdout } = spawnSync('/bin/sh', ['-c', `printf '%s\n' ${text}`], { encoding: 'utf8' })
  const parsed = parseCommandLine(`relay ${text}`)
  expect(parsed.ok && parsed.args).toEqual(stdout.slice(0, -1).split('\n'))
})
