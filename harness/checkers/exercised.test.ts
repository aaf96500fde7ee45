import { story } from '../history/story-testbed.ts'
import { exercised, type ExercisedOptions } from './exercised.ts'
import { staysAlive } from './stays-alive.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const some = () =>
  story().opened(0, 1).acked(1, 0, 0, 10, { malformed: { 3: 'garbage' } }).delivered(2, 1, 0, 0, 3)
const all = { recordsMin: 10, bytesMin: 1_000, deliveriesMin: 3, malformedMin: 1, clientsMin: 1 }

judgeCases('exercised', exercised, all, [
  ...passes(
    'enough',
    ['just enough', some()],
    ['records of aborted transactions', some().add({
      kind: 'aborted',
      t: 1,
      partition: 0,
      offset: '10',
    }), { abortedMin: 1 }],
  ),
  ...cannotTell<ExercisedOptions>(
    'too-little',
    ['records', some(), { recordsMin: 11 }],
    ['bytes', some(), { bytesMin: 1_001 }],
    ['deliveries', some(), { deliveriesMin: 4 }],
    ['malformed', some(), { malformedMin: 2 }],
    ['clients', some(), { clientsMin: 2 }],
  ),
])

const relay = () => story().process(0, 'start').phase('settle', 10, 20)

judgeCases('stays-alive', staysAlive, {}, [
  ...passes(
    'alive',
    ['to the end', relay().process(21, 'exit')],
    [
      'killed on purpose',
      relay().broken(3, 5, { fault: 'kill-relay' }).process(3.1, 'exit').process(4, 'start'),
    ],
    ['not ours, but answering', story().health(1, { status: 'healthy' })],
  ),
  ...fails('relay-died', ['by itself', relay().process(5, 'exit')]),
  ...fails('relay-died', [
    'after it was killed on purpose',
    relay().broken(3, 5, { fault: 'kill-relay' }).process(3.1, 'exit').process(8, 'exit'),
  ]),
  ...cannotTell('not-seen', [
    'not ours, and it answers no more',
    story().health(1, { status: 'healthy' }).health(2, {}, 0),
  ]),
  ...cannotTell('nothing-exercised', ['no samples', story()]),
])
