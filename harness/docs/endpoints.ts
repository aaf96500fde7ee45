/** The paths of the relay, as PROTOCOL.md shows them. */

export interface Endpoint {
  readonly path: string
  /** Without it GET alone. */
  readonly methods?: readonly string[]
  /** What it answers, as Markdown. */
  readonly answer: string
  readonly statuses: readonly string[]
}

export const endpoints: readonly Endpoint[] = [
  {
    path: '/ws',
    answer: 'The WebSocket: live records, replays, control frames.',
    statuses: [
      '101',
      '400 no valid handshake, or one that does not wait for the answers to earlier requests',
      '401 token missing or wrong (`Authorization: Bearer …` or `?token=…`)',
      '403 origin not allowed',
      '421 Host header names a host that is not allowed',
      '426 not a WebSocket upgrade, or by HTTP/1.0, or of a version other than 13',
      '429 too many connections from this address, or too many wrong tokens (`Retry-After`)',
      '503 shutting down, or too many connections of all addresses together',
    ],
  },
  {
    path: '/health',
    answer: "The current state, in DashFlow's JSON: decided from ages and recent counts.",
    statuses: ['200, with any `status`'],
  },
  { path: '/livez', answer: 'That the process answers.', statuses: ['200'] },
  {
    path: '/readyz',
    answer: 'Whether it listens and has joined its consumer group; `waits_for` names the rest.',
    statuses: ['200', '503 starting or stopping'],
  },
  {
    path: '/version',
    answer:
      'Build, topic, `resume_namespace` (the key under which clients store cursors), and every ' +
      'effective setting, see [CONFIG.md](CONFIG.md). Where a token is set, requests without it ' +
      'do not see settings that are text or lists.',
    statuses: ['200', '401 the token is wrong'],
  },
  {
    path: '/api/expected-schema',
    answer: 'All pinned schemas, by name, as a JSON array.',
    statuses: ['200', '500 the file cannot be read'],
  },
  {
    path: '/api/expected-schema/:graph_name',
    methods: ['GET', 'PUT', 'DELETE'],
    answer:
      'The schema that a graph is expected to have. PUT takes `schema_id` and `environment`, ' +
      '`pinned_by`, `note` (text or null); to change one needs the token, also on loopback where ' +
      'there is one.',
    statuses: [
      '200, on disk',
      '400 invalid JSON, or an invalid name',
      '401 token missing or wrong',
      '403 origin not allowed, or not from loopback while no token is set',
      '404 none for this graph',
      '413 too large',
      '415 not JSON',
      '422 fields missing or of another type',
      '500 not written, nothing changed',
      '503 too many changes are waiting',
      '507 too many graphs have one',
    ],
  },
  {
    path: '/metrics',
    answer: 'Prometheus text, see [METRICS.md](METRICS.md).',
    statuses: ['200'],
  },
]
