import { expect, test } from 'vitest'
import { resumeNamespace } from './namespace.ts'

const parts = {
  clusterId: '',
  topic: 'dashstream-quality',
  group: 'websocket-server-v4',
  brokers: '127.0.0.1:9092',
}
const textOf = (namespace: string) => Buffer.from(namespace.slice(3), 'base64url').toString()

test("the default's namespace is DashFlow's, byte for byte", () => {
  expect(resumeNamespace(parts)).toBe(
    'v1_dG9waWM9ZGFzaHN0cmVhbS1xdWFsaXR5O2dyb3VwPXdlYnNvY2tldC1zZXJ2ZXItdjQ7' +
      'YnJva2Vycz0xMjcuMC4wLjE6OTA5Mg',
  )
})

test('a known cluster makes it version 2, so that two clusters never share it', () => {
  const [a, b] = ['a', 'b'].map((clusterId) => resumeNamespace({ ...parts, clusterId }))
  expect(a).toMatch(/^v2_/)
  expect(a).not.toBe(b)
  expect(textOf(a!)).toBe(
    'cluster=a;topic=dashstream-quality;group=websocket-server-v4;brokers=127.0.0.1:9092',
  )
})

test('brokers are trimmed, sorted by bytes, and kept even when doubled', () => {
  const brokers = ' b:1, a:2 ,,B:1,b:1,ä:1'
  expect(textOf(resumeNamespace({ ...parts, brokers }))).toMatch(/brokers=B:1,a:2,b:1,b:1,ä:1$/)
})
