/** A cursor of another epoch that is served without a word is seen, and nothing else is. */
import { story } from '../../history/story-testbed.ts'
import { judges } from './stream-testbed.ts'

const complete = (epoch?: string) => ({ type: 'replay_complete', ...(epoch && { epoch }) })

/** A client that knows epoch `known` comes back with its cursor and is answered in `answered`. */
const back = (known: string | undefined, answered: string | undefined, from = 'cursor') =>
  story()
    .opened(0.5, 1)
    .acked(1, 0, 0, 50)
    .delivered(1.1, 1, 0, 0, 50)
    .control(1.2, 1, complete(known))
    .broken(1.9, 2.2, { fault: 'cut', hop: 'clients', group: 'readers' })
    .closed(2, 1)
    .acked(3, 0, 50, 50)
    .opened(4, 1)
    .sent(4.1, 1, `resume:${from}`)
    .delivered(4.2, 1, 0, 50, 50, { path: 'replay' })
    .control(4.3, 1, complete(answered))
    .phase('settle', 10, 20)
    .closed(20.5, 1, 'client')
const stale = { type: 'cursor_stale', partition: 0, requested: '49', oldest: '50' }

judges('a cursor of another epoch', [
  ['trusted without a word', back('a', 'b'), ['fail', 'stale-trusted', 'stale-trusted 1']],
  ['the same epoch', back('a', 'a'), 'pass'],
  ['declared stale', back('a', 'b').control(4.15, 1, stale), 'pass'],
  ['no epoch before', back(undefined, 'b'), 'pass'],
  ['a relay without epochs', back(undefined, undefined), 'pass'],
  ['no cursor was sent', back('a', 'b', 'earliest'), 'pass'],
])
