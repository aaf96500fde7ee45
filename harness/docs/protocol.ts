/** PROTOCOL.md: the public interface of the relay, from its tables of frames, codes and errors. */
import {
  CONTROL_BYTES_MAX,
  RESUME_PARTITIONS_MAX,
  RESUME_THREADS_MAX,
  controlFailures,
} from '../../proto/control.ts'
import { decodeFailures, errorTypeOf, type DecodeFailure } from '../../proto/failures.ts'
import { RUNS_MAX } from '../../proto/scan.ts'
import type { closeRows } from '../../relay/tables/close-codes.ts'
import type { DifferenceRow } from '../../relay/tables/difference-row.ts'
import type { errorRows } from '../../relay/tables/errors.ts'
import { sayBytes, sayNumber } from '../world/amounts.ts'
import { endpoints } from './endpoints.ts'
import { clientFrameRows, printClientFrames, printServerFrames, serverFrameRows } from './frames.ts'
import { code, page, paragraph, prose, table } from './markdown.ts'

type Wide<T, Row> = Readonly<Record<keyof T, Row>>
interface CloseRow {
  readonly code: number
  readonly says: string
  readonly mayReconnect: boolean
}
interface ErrorRow {
  readonly says: string
  readonly closes?: string
}
export interface ProtocolTables {
  readonly closes: Wide<typeof closeRows, CloseRow>
  readonly errors: Wide<typeof errorRows, ErrorRow>
  readonly differences: readonly DifferenceRow[]
}

export function printProtocol({ closes, errors, differences }: ProtocolTables): string {
  return page(
    ['# Protocol of the reference relay', ''],
    paragraph(
      "It is DashFlow's, so that its clients and dashboards work; where DashFlow is wrong it",
      'differs, and each difference is a row [below](#differences-from-dashflow).',
    ),
    ['## HTTP', '', ...table(['path', 'answer', 'status'], endpointCells)],
    paragraph('Any other path is answered with 404, any other method with 405. HEAD goes as GET.'),
    paragraph(
      "The Host header must name the relay: another site can point its own name to the relay's",
      'address (DNS rebinding). IP addresses are always accepted (Kubernetes probes use the',
      'address of the pod), and so are `localhost`, `*.localhost` and the name in',
      '`WEBSOCKET_HOST`. A client that connects by the name of a container, a service or an',
      'ingress, as Prometheus may, needs that name in `WEBSOCKET_ALLOWED_HOSTS`; else it gets 421',
      'and a text that says so.',
    ),
    paragraph(
      '`cursor_reset` and changes of schemas need the token. Without one, only clients of the same',
      'machine may use them, and only if the relay listens on loopback. The address of a client is',
      'its own, or the one that a proxy of `WEBSOCKET_TRUSTED_PROXY_IPS` forwards; a client behind',
      'any other proxy does not count as local.',
    ),
    stream,
    ['### What a client may send', '', ...limits, ...printClientFrames(clientFrameRows)],
    ['### What the relay sends', '', ...printServerFrames(serverFrameRows)],
    printFailures(),
    printCloses(closes),
    printErrors(errors, closes),
    printDifferences(differences),
  )
}

const endpointCells = endpoints.map(({ path, methods = ['GET'], answer, statuses }) => [
  code(`${methods.join(', ')} ${path}`),
  answer,
  statuses.join(' · '),
])

const stream = [
  '## WebSocket',
  '',
  ...paragraph(
    'One topic, all partitions that the relay is assigned, every record to every client. After',
    'the upgrade a client has one second (`WEBSOCKET_RESUME_GRACE_MS`) to send a resume; with its',
    'first text frame, or after that time, live delivery starts. A resume that arrives later, for',
    'example over a slow link, is replayed after records that were already delivered live: until',
    '`replay_complete`, that client should keep the cursors it resumed with. A record is two',
    'frames: a `cursor` (text), and immediately after it the Kafka value, unchanged (binary):',
    'framing byte `0x00` for protobuf, `0x01` for zstd.',
  ),
  ...paragraph(
    'A resume sets a fence at the live position. The replay covers the offsets below it, live',
    'delivery those above it: no record comes twice, and missing ones are declared by `gap` or',
    '`cursor_stale`.',
  ),
  ...paragraph(
    'A resume by thread scans all retained records. It sends each record with an event of a',
    'requested thread after the requested sequence, and each record with events of more than',
    `${sayNumber(RUNS_MAX)} threads. The gaps of the threads follow the records. \`from\` and`,
    '`epoch` have no effect then, and `lastOffsetsByPartition` of the answer is not a cursor for a',
    'resume by partition: the records of other threads were left out.',
  ),
  ...paragraph(
    'A replay ends at its limit with `capped`. To go on, resume again at once: by partition from',
    'the last offset of each partition that had records and from the old cursor of every other',
    'one, by thread from the highest sequence of each. Do not request a declared gap again.',
  ),
]

const limits = paragraph(
  `Text frames of one JSON object, at most ${sayBytes(CONTROL_BYTES_MAX)}. A resume names at most`,
  `${sayNumber(RESUME_PARTITIONS_MAX)} partitions and ${sayNumber(RESUME_THREADS_MAX)} threads.`,
  'Binary frames, unknown types and texts that are not a JSON object are ignored. A native ping is',
  'answered by a pong with the same payload.',
)

function printFailures(): readonly string[] {
  const frames = Object.entries(controlFailures).map(([name, says]) => [code(name), prose(says)])
  const records = (Object.keys(decodeFailures) as DecodeFailure[]).map((name) => [
    code(name),
    prose(decodeFailures[name]),
    code(errorTypeOf(name)),
  ])
  return [
    '### Why a text is not a control frame',
    '',
    ...table(['reason', 'what it means'], frames),
    '## Why a record is malformed',
    '',
    ...paragraph(
      'A malformed record never reaches a client. It is counted and dead-lettered under its',
      '`error_type`; with `KAFKA_ON_DECODE_ERROR=pause` its partition is paused before it instead.',
    ),
    ...table(['reason', 'what is wrong', '`error_type`'], records),
  ]
}

function printCloses(closes: ProtocolTables['closes']): readonly string[] {
  const cells = Object.entries(closes).map(([reason, row]) => [
    String(row.code),
    code(reason),
    prose(row.says),
    row.mayReconnect ? 'yes' : 'no: it would be refused again',
  ])
  return [
    '## Why a connection ends',
    '',
    ...paragraph(
      '1006 means that no close frame is sent, because the socket accepts no more bytes or is',
      'gone.',
      'The reason is the label of `relay_clients_closed_total`.',
    ),
    ...table(['code', 'reason', 'what happened', 'reconnect with the cursor?'], cells),
  ]
}

function printErrors(
  errors: ProtocolTables['errors'],
  closes: ProtocolTables['closes'],
): readonly string[] {
  const byReason: Readonly<Record<string, CloseRow>> = closes
  const cells = Object.entries(errors).map(([name, { says, closes: reason }]) => [
    code(name),
    prose(says),
    reason === undefined ? 'stays' : `is closed: ${byReason[reason]?.code} ${code(reason)}`,
  ])
  return [
    '## Errors',
    '',
    '`{n}` stands for what was found.',
    '',
    ...table(['code', 'message', 'the client'], cells),
  ]
}

function printDifferences(differences: readonly DifferenceRow[]): readonly string[] {
  const cells = differences.map(({ what, why, noticed }) => [what, why, noticed].map(prose))
  return [
    '## Differences from DashFlow',
    '',
    ...table(['what is different', 'why', 'what a client or an operator sees'], cells),
  ]
}
