/** PROTOCOL.md: the face of the relay, from its tables of frames, close codes and errors. */
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
      'A name by which the relay is asked must be its own: a page of another site can let its own',
      'name point here. Addresses are always taken (Kubernetes asks by the address of the pod), so',
      'are `localhost`, `*.localhost` and the name in `WEBSOCKET_HOST`. Whoever comes by the name',
      'of a container, a service or an ingress, as Prometheus may, needs that name in',
      '`WEBSOCKET_ALLOWED_HOSTS`; else it gets 421 and a text that says so.',
    ),
    paragraph(
      '`cursor_reset` and changes of schemas need the token. Without one they are for clients of',
      'the same machine, of a relay that listens on loopback only: by their own address, or by the',
      'one that a proxy of `WEBSOCKET_TRUSTED_PROXY_IPS` forwards. Whoever is forwarded by another',
      'proxy is not of this machine.',
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
    'the upgrade a client has a second (`WEBSOCKET_RESUME_GRACE_MS`) to ask for a resume; with the',
    'first text frame it sends, or after that time, live records flow. A resume that comes later,',
    'as over a way that is slower than that, is replayed behind what is live: until its',
    '`replay_complete`, such a client does best to keep the cursors it resumed with. A record is',
    'two frames: a `cursor` (text), and immediately after it the Kafka value, unchanged (binary):',
    'framing byte `0x00` for protobuf, `0x01` for zstd.',
  ),
  ...paragraph(
    'A resume moves the live position to a fence. The replay covers what lies below it, live',
    'records follow above it: nothing comes twice, and what is missing is declared by `gap` or',
    '`cursor_stale`.',
  ),
  ...paragraph(
    'By thread, everything that is retained is looked through, and each record is sent that holds',
    'an event of a thread beyond the sequence that was asked for; so is one that has events of',
    `more than ${sayNumber(RUNS_MAX)} threads. The gaps of its threads follow`,
    'the records. `from` and `epoch` mean nothing then, and `lastOffsetsByPartition` of the answer',
    'is no cursor to resume by partition from: the records of other threads were left out.',
  ),
  ...paragraph(
    'A replay ends at its limit with `capped`. To go on, resume again at once: by partition from',
    'the last offset of each partition that had records and from the old cursor of every other',
    'one, by thread from the highest sequence of each. A gap below that is not asked for again.',
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
    '### Why a text is no control frame',
    '',
    ...table(['reason', 'what it means'], frames),
    '## Why a record is malformed',
    '',
    ...paragraph(
      'Such a record never reaches a client. It is counted and dead-lettered under its',
      '`error_type`; with `KAFKA_ON_DECODE_ERROR=pause` its partition stops in front of it',
      'instead.',
    ),
    ...table(['reason', 'what is wrong', '`error_type`'], records),
  ]
}

function printCloses(closes: ProtocolTables['closes']): readonly string[] {
  const cells = Object.entries(closes).map(([reason, row]) => [
    String(row.code),
    code(reason),
    prose(row.says),
    row.mayReconnect ? 'yes' : 'no: it would meet the same end',
  ])
  return [
    '## Why a connection ends',
    '',
    ...paragraph(
      '1006 means that no close frame is sent, because the socket takes no more bytes or is gone.',
      'The reason is the label of `relay_clients_closed_total`.',
    ),
    ...table(['code', 'reason', 'what happened', 'come back with the cursor?'], cells),
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
    ...table(['what is different', 'why', 'how a client or an operator notices'], cells),
  ]
}
