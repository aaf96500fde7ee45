// @ts-check
/**
 * The image's health check: asks the relay of this container whether it is alive. Exit code 0 if
 * it answers, else 1, after a deadline. It needs no curl in the image.
 */
import { request as plain } from 'node:http'
import { request as secured } from 'node:https'
import process from 'node:process'

/** Well below the time-out of the check, so that the answer is ours. */
const limitMs = 3_000
const { env } = process
const port = Number(env['WEBSOCKET_PORT'])
const hasTls = (env['WEBSOCKET_TLS_CERT_FILE'] ?? '') !== ''

// The certificate names the service and not this address; who is asked is certain here.
const options = { host: '127.0.0.1', port, path: '/livez', rejectUnauthorized: false }
const asking = (hasTls ? secured : plain)({ ...options, timeout: limitMs }, (answer) => {
  answer.resume()
  process.exit(answer.statusCode === 200 ? 0 : 1)
})
asking.on('timeout', () => process.exit(1))
asking.on('error', () => process.exit(1))
asking.end()
