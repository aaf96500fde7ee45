/** Alerts that arrive are told, one line each; anything else is refused. */
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../world/ports.ts'
import { linesOf, openAlertInbox } from './alert-inbox.ts'

const alert = (status: string) => ({
  status,
  labels: { alertname: 'ServiceDown', severity: 'critical', instance: 'relay:3002' },
  annotations: { summary: 'The relay is down' },
})

it('tells an alert in one line', () => {
  expect(linesOf(JSON.stringify({ alerts: [alert('firing'), alert('resolved')] }))).toEqual([
    'alert firing: ServiceDown (critical, relay:3002) The relay is down',
    'alert resolved: ServiceDown (critical, relay:3002) The relay is down',
  ])
  expect(linesOf(JSON.stringify({ alerts: [{ status: 'firing', labels: {} }] }))).toEqual([
    'alert firing: an alert without a name',
  ])
})

it('takes posts, keeps heartbeats to itself, and refuses what is none', async () => {
  const told: string[] = []
  const port = await freePort('alert-inbox')
  onTestFinished(await openAlertInbox(port, (line) => told.push(line)))
  const post = async (path: string, body: string) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })).status
  const body = JSON.stringify({ alerts: [alert('firing')] })
  expect(await post('/page', body)).toBe(200)
  expect(await post('/heartbeat', body)).toBe(200)
  expect(await post('/page', 'x')).toBe(400)
  expect(await post('/page', 'x'.repeat(2 ** 21)).catch(() => 400)).toBe(400)
  expect(told).toHaveLength(1)
})
