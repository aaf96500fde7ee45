/** A log that is not drained loses lines, and has no other effect. */
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger, LineSink } from './logger.ts'

/** Takes lines when the test says so. */
class HeldStream extends Writable {
  readonly taken: string[] = []
  #take: (() => void) | undefined
  isOpen = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.taken.push(String(chunk))
      done()
    }
    if (this.isOpen) this.#take()
  }
  open(): void {
    this.isOpen = true
    this.#take?.()
  }
}

function bench() {
  const stream = new HeldStream({ highWaterMark: 1 })
  const sink = new LineSink(stream)
  return { stream, sink, logger: createLogger('info', ['correct-horse'], sink) }
}

test('waits within a bound, and says afterwards how much is missing', () => {
  const { logger, sink, stream } = bench()
  const filler = 'x'.repeat(10_000)
  for (let line = 0; line < 200; line += 1) logger.info({ filler }, 'a line')
  expect(stream.writableLength).toBeLessThan(1_100_000)
  expect([sink.lost > 50, logger.lost?.()]).toEqual([true, sink.lost])
  const { lost } = sink
  stream.open()
  logger.info({}, 'one more')
  logger.info({}, 'another')
  const lines = stream.taken.join('').trim().split('\n').map((line) => JSON.parse(line) as object)
  expect(lines.slice(-3)).toMatchObject([{ lines: lost }, { msg: 'one more' }, { msg: 'another' }])
  expect(lines.length).toBe(200 - lost + 3)
})

test('goes on without a reader, and with a full disk', () => {
  const { logger, sink, stream } = bench()
  stream.destroy(new Error('EPIPE'))
  stream.emit('error', new Error('EPIPE'))
  logger.error({}, 'not drained')
  expect(sink.lost).toBe(1)
  const full = bench()
  full.stream.write = () => {
    throw new Error('ENOSPC')
  }
  full.logger.error({}, 'nothing holds it')
  expect(full.sink.lost).toBe(1)
})

test('shows no secret, whatever put it into a line', () => {
  const { logger, stream } = bench()
  stream.open()
  const err = Object.assign(new Error('no correct-horse'), { command: ['AUTH', 'correct-horse'] })
  logger.error({ err, url: 'redis://a:correct-horse@b' }, 'correct-horse')
  expect(stream.taken.join('')).not.toContain('correct-horse')
  expect(stream.taken.join('')).toContain('redis://a:***@b')
})
