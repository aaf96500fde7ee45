/** The paths of the relay, as PROTOCOL.md shows them. */

export interface Endpoint {
  readonly path: string
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
      '400 no valid handshake',
      '401 token missing or wrong (`Authorization: Bearer …` or `?token=…`)',
      '403 origin not allowed',
      '429 too many connections from this address',
      '503 shutting down, or too many connections of all addresses together',
    ],
  },
  {
    path: '/health',
    answer: "What goes on now, in DashFlow's JSON: decided from ages and recent counts.",
    statuses: ['200, whatever the status in it is'],
  },
  { path: '/livez', answer: 'That the process answers.', statuses: ['200'] },
  {
    path: '/readyz',
    answer: 'Whether it listens and has joined its consumer group; `waits_for` names the rest.',
    statuses: ['200', '503 not yet, or no more'],
  },
  {
    path: '/version',
    answer:
      'Build, topic, `resume_namespace` (the key under which clients store cursors), and every ' +
      'effective setting, see [CONFIG.md](CONFIG.md).',
    statuses: ['200'],
  },
  {
    path: '/metrics',
    answer: 'Prometheus text, see [METRICS.md](METRICS.md).',
    statuses: ['200'],
  },
]
