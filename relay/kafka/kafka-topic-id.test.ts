/** Metadata with topic ids, byte by byte, and what is asked of brokers that know none. */
import { expect, test } from 'vitest'
import { inside, patchQuestions } from './kafkajs-patches.ts'

interface Spoken {
  readonly request: { readonly apiVersion: number; encode(): Promise<{ readonly buffer: Buffer }> }
  readonly response: { decode(answer: Buffer): Promise<unknown> }
}
interface Definition {
  readonly versions: readonly string[]
  protocol(choice: { version: number }): (question: { topics: readonly string[] }) => Spoken
}
const definition = inside.metadata() as unknown as Definition
patchQuestions()
patchQuestions()
const spoken = (version: number, ...topics: string[]) =>
  definition.protocol({ version })({ topics })
const hex = (...fields: readonly string[]) => fields.join('')

test('is asked for where the broker knows it, and nowhere else', () => {
  expect(definition.versions.map(Number)).toEqual([0, 1, 2, 3, 4, 5, 6, 10])
  const asked = [2, 6, 7, 9, 10].map((version) => spoken(version).request.apiVersion)
  expect(asked).toEqual([2, 6, 6, 6, 10])
})

test('names topics by name, and all of them by none', async () => {
  const bytes = async (...topics: string[]) =>
    (await spoken(10, ...topics).request.encode()).buffer.toString('hex')
  const named = hex('00', '02', '00'.repeat(16), '036162', '00', '010000', '00')
  expect(await bytes('ab')).toBe(named)
  expect(await bytes()).toBe(hex('00', '00', '010000', '00'))
})

test('is read with everything else', async () => {
  const id = '000102030405060708090a0b0c0d0e0f'
  const host = Buffer.from('127.0.0.1').toString('hex')
  const broker = hex('00000001', '0a', host, '00002384', '00', '00')
  const members = hex('0200000001', '0200000001', '01')
  const partition = hex('0000', '00000000', '00000001', '00000005', members, '00')
  const topic = hex('0000', '0274', id, '00', '02', partition, '80000000', '00')
  const lists = hex('02', broker, '04616263', '00000001', '02', topic)
  const answer = hex('00', '00000007', lists, '80000000', '00')
  expect(await spoken(10).response.decode(Buffer.from(answer, 'hex'))).toEqual({
    throttleTime: 0,
    clientSideThrottleTime: 7,
    brokers: [{ nodeId: 1, host: '127.0.0.1', port: 9_092, rack: null }],
    clusterId: 'abc',
    controllerId: 1,
    topicMetadata: [
      {
        topicErrorCode: 0,
        topic: 't',
        isInternal: false,
        partitionMetadata: [
          {
            partitionErrorCode: 0,
            partitionId: 0,
            leader: 1,
            replicas: [1],
            isr: [1],
            offlineReplicas: [],
            topicId: 'AAECAwQFBgcICQoLDA0ODw',
          },
        ],
      },
    ],
  })
})
