/** What a finding that was not reproduced comes to, and what is said of it. */
import { expect, test } from 'vitest'
import { unexpected, verdictOf, type Shown } from './reproduce.ts'

const relay = (isReference: boolean, verdict: Shown['verdict'], isAsExpected = false): Shown => ({
  name: 'n', rule: 'r', why: 'w', isReference, verdict, isAsExpected,
})
const good = relay(true, 'pass', true)

test.each([
  ['a reference that fails', [relay(true, 'fail'), relay(false, 'unknown')], true, 'fail'],
  ['a defect that is not detected', [good, relay(false, 'pass')], true, 'fail'],
  ['a defect that fails by another rule', [good, relay(false, 'fail')], true, 'fail'],
  ['a defect that could not be judged', [good, relay(false, 'unknown')], true, 'unknown'],
  ['nothing to judge', [good, relay(false, 'not-applicable')], true, 'unknown'],
  ['a reference in doubt', [relay(true, 'unknown'), relay(false, 'pass')], true, 'unknown'],
  ['half of it', [good], false, 'unknown'],
] as const)('%s', (_, shown, isWhole, verdict) => {
  expect(verdictOf(shown, isWhole)).toBe(verdict)
})

test.each([
  [relay(true, 'fail'), 'the reference relay failed'],
  [relay(false, 'pass'), 'the defect was not detected'],
  [relay(false, 'fail'), 'the defect failed by another rule than its own (r)'],
  [relay(false, 'unknown'), 'the defect could not be judged'],
  [relay(true, 'not-applicable'), 'the finding does not apply to the reference relay'],
])('%j is said', (one, says) => {
  expect(unexpected(one)).toBe(says)
})
