import { story } from '../history/story.ts'
import { limitHolds } from './limit-holds.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

/** So many are let in, and so many are not. */
function tried(opened: number, refused: number) {
  const told = story().opened(0, 1, 'readers')
  for (let client = 2; client < 2 + opened; client += 1) told.opened(5, client, 'many')
  for (let n = 0; n < refused; n += 1) told.refused(5, 'many', 429)
  return told.phase('settle', 10, 11)
}

judgeCases('limit-holds', limitHolds, { group: 'many', letInMax: 3 }, [
  ...passes('limit-holds', ['as many as may be', tried(3, 2)], ['fewer', tried(0, 5)]),
  ...fails('limit-evaded', ['one too many', tried(4, 1)], ['all of them', tried(5, 0)]),
  ...cannotTell('too-little', ['there was room', tried(3, 0)], ['nobody tried', tried(0, 0)]),
])
