/** The watchdog detects a blocked loop, also while other processes need the processor. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { Watchdog } from './watchdog.ts'

/** Answers every question, and stands still for so many ms of CPU when it reads a line. */
const server = `
const server = require('node:http').createServer((_, answer) => answer.end('ok'))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('data', (text) => {
  const endMs = process.cpuUsage().user / 1e3 + Number(text)
  while (process.cpuUsage().user / 1e3 < endMs);
})`

test('the CPU time of a loop between request and answer is reported, and immediately', async () => {
  const child = spawn(process.execPath, ['-e', server], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer]
    const address = `127.0.0.1:${String(port).trim()}`
    const watchdog = new Watchdog({ pid: child.pid!, address, turnMsMax: 100 })
    let asked = 0
    for (let look = 0; asked === 0 && look < 100; look += 1) {
      await sleep(clock, 100)
      ;({ asked } = await watchdog.take())
    }
    expect(asked).toBeGreaterThan(0)
    const { standing } = watchdog
    child.stdin.write('1500')
    expect(await standing).toBeGreaterThan(100)
    await watchdog.close()
  } finally {
    child.kill('SIGKILL')
  }
})
