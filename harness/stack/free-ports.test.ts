/** A port that another process takes in the last moment costs a try, not the run. */
import { expect, test } from 'vitest'
import { isTrouble } from '../world/trouble.ts'
import { onFreePorts, type ChoosePorts } from './free-ports.ts'

const taken = new Error('kafka ended: java.net.BindException: Address already in use')

/** Chooses 1, 2, 3, …; nothing is really held. */
function counting(): ChoosePorts {
  let next = 0
  return async (count) => ({
    ports: Array.from({ length: count }, () => (next += 1)),
    release: async () => undefined,
  })
}
const start = (startOn: (ports: readonly number[]) => Promise<string>) =>
  onFreePorts({ role: 'kafka', count: 1, seed: 's', choosePorts: counting() }, startOn)

test('a taken port is tried again elsewhere', async () => {
  const started = start(async ([port]) => (port === 2 ? 'up' : Promise.reject(taken)))
  expect(await started).toBe('up')
})

test('ports that are always taken are trouble that names the last one', async () => {
  await expect(start(() => Promise.reject(taken))).rejects.toSatisfy(
    (error) => isTrouble(error, 'port-taken') && error.message.includes('kafka needs port 3'),
  )
})

test('any other failure is not tried again', async () => {
  let tries = 0
  const broken = start(() => {
    tries += 1
    return Promise.reject(new Error('no space left on device'))
  })
  await expect(broken).rejects.toThrow('no space left on device')
  expect(tries).toBe(1)
})
