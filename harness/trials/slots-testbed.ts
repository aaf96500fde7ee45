/** Whether what clients took of a relay's slots has come back, however they ended. */
import { Client } from '../wire/relay-client.ts'
import type { Place } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

/** Whether so many clients of one address get in, and not one more. */
export async function areSlotsFree({ address, metric }: Place, slots: number): Promise<boolean> {
  await until('all slots', async () => (await metric('websocket_connected_clients')) === 0)
  const clients = await Promise.all(Array.from({ length: slots }, () => Client.open(address)))
  const oneMore = new Client(address)
  await oneMore.opened
  for (const client of [...clients, oneMore]) client.end()
  return oneMore.refusedWith === 429
}
