/** The resident memory of a process of the run, as it was sampled. */
import type { History } from '../../history/history.ts'
import type { Point } from '../reading/series.ts'

export const rssOf = (history: History, ofRole: string): Point[] =>
  history.events('memory').flatMap(([, t, role, v]) => (role === ofRole ? [{ t, v }] : []))
