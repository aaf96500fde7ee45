import { story } from '../history/story-testbed.ts'
import { limitHolds } from './limit-holds.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

/** Three of five honest clients are let in; of those with a claim so many are, or are not. */
function tried(opened: number, refused: number, status = 429, honest = 3) {
  const told = story().opened(0, 1, 'readers').phase('honest', 2, 3).phase('others', 5, 6)
  for (let n = 0; n < 5; n += 1) {
    if (n < honest) told.opened(2.1, 2 + n, 'honest').closed(4, 2 + n, 'client')
    else told.refused(2.1, 'honest', 429)
  }
  for (let n = 0; n < opened; n += 1) told.opened(5.1, 10 + n, 'many')
  for (let n = 0; n < refused; n += 1) told.refused(5.1, 'many', status)
  return told.phase('settle', 10, 11)
}

judgeCases('limit-holds', limitHolds, { honest: 'honest', pretending: 'many' }, [
  ...passes(
    'limit-holds',
    ['as many as may be', tried(3, 2)],
    ['the honest ones join again, with others there', tried(3, 2).opened(9, 30, 'honest')],
  ),
  ...fails('limit-evaded', ['one too many', tried(4, 1)], ['all of them', tried(5, 0)]),
  ...fails('room-refused', ['fewer', tried(1, 4)], ['none', tried(0, 5)]),
  ...fails(
    'new-client-failed',
    ['refused by an error', tried(3, 2, 500)],
    ['nine errors', tried(0, 9, 500)],
    ['refused without an answer', tried(3, 2, 0)],
  ),
  ...fails('room-refused', [
    'fewer, and as many as ever of the honest ones later',
    tried(1, 4).opened(9, 30, 'honest').opened(9, 31, 'honest').refused(9, 'honest', 429),
  ]),
  ...cannotTell('room-lost', [
    'fewer, and of the honest ones later, too: slots leaked',
    tried(2, 3).opened(9, 30, 'honest').opened(9, 31, 'honest').refused(9, 'honest', 429),
  ]),
  ...cannotTell('no-limit', ['honest ones are all let in', tried(5, 0, 429, 5)]),
  ...cannotTell('too-little', ['there was room', tried(3, 0)], ['no client tried', tried(0, 0)]),
])
