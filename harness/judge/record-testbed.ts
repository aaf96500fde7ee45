/** The record of a run for tests: whole, of the reference relay, with nothing special about it. */
import type { RunRecord } from './record.ts'

/** A record with what a test is about. */
export const recordWith = (more: Partial<RunRecord> = {}): RunRecord => ({
  schemaVersion: 1,
  scenario: { name: 'calm', claim: 'Nothing happens.' },
  seed: 'abc',
  target: { kind: 'reference', says: 'reference relay' },
  phases: [],
  expectations: [{ finding: 'stream', expectation: { check: 'stream' } }],
  settings: {},
  effective: {},
  versions: {},
  machine: {},
  startedAt: '2026-01-01T00:00:00.000Z',
  tookMs: 30_000,
  isComplete: true,
  reproduce: '',
  ...more,
})
