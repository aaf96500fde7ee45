/** The worker thread that judges large records, one after the other. See judge.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { decode } from './decode.ts'

const { payloadBytesMax } = workerData as { readonly payloadBytesMax: number }

parentPort?.on('message', (value: Uint8Array) => {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  parentPort?.postMessage(decode(bytes, payloadBytesMax), [])
})
