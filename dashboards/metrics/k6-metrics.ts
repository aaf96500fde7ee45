/**
 * Series that k6 writes with `--out experimental-prometheus-rw --features native-histograms`, by
 * the names of its remote write output. k6 is the user's own: nothing here installs or runs it.
 */
import { anyValue, counterSeries, gaugeSeries, nativeHistogramSeries } from './series-row.ts'

/** Labels of a k6 run: the operator sets both, `--tag testrun_name=` does the first elsewhere. */
const byRun = { testrun_name: anyValue, instance_id: anyValue } as const

export const k6Rows = {
  vus: gaugeSeries('k6_vus', byRun, 'Virtual users that are running.'),
  iterations: counterSeries('k6_iterations_total', byRun, 'Iterations that ended.'),
  droppedIterations: counterSeries(
    'k6_dropped_iterations_total',
    byRun,
    'Iterations that found no free virtual user: the generator was the limit.',
  ),
  wsSessions: counterSeries('k6_ws_sessions_total', byRun, 'WebSocket sessions opened.'),
  wsMessagesReceived: counterSeries(
    'k6_ws_msgs_received_total',
    byRun,
    'WebSocket messages received: a cursor and a record each count.',
  ),
  wsConnecting: nativeHistogramSeries(
    'k6_ws_connecting_seconds',
    byRun,
    'Duration of the WebSocket handshake.',
  ),
  e2e: nativeHistogramSeries(
    'k6_e2e_ms_seconds',
    byRun,
    "From the producer's timestamp to reading the frame.",
  ),
  generatorLag: nativeHistogramSeries(
    'k6_generator_lag_ms_seconds',
    byRun,
    'How far the JavaScript of a virtual user is behind its socket.',
  ),
} as const
