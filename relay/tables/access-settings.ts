/** Settings of access control: hosts, origins, token, proxies, and TLS of the own listener. */
import { type ListRow, number, ours, type SettingRow, text } from './setting-row.ts'

export const accessSettingRows = {
  trustedProxies: {
    kind: 'list',
    env: 'WEBSOCKET_TRUSTED_PROXY_IPS',
    byDefault: [],
    says: 'Addresses or CIDR ranges whose X-Forwarded-For is trusted.',
  } satisfies ListRow as ListRow,
  allowedOrigins: {
    kind: 'list',
    env: 'WEBSOCKET_ALLOWED_ORIGINS',
    byDefault: [],
    says: "Origins that may open a socket, in addition to the relay's own; `*` allows all.",
    isOurs: true,
  } satisfies ListRow as ListRow,
  allowedHosts: {
    kind: 'list',
    env: 'WEBSOCKET_ALLOWED_HOSTS',
    byDefault: [],
    says:
      'Accepted names in the Host header: `name`, `name:port`, `*.domain`, or `*` for any. ' +
      'Addresses, localhost and WEBSOCKET_HOST are always accepted; other names, such as those ' +
      'of a service or a container, are refused with 421.',
    isOurs: true,
  } satisfies ListRow as ListRow,
  wrongTokensPerMinuteMax: number(
    'WEBSOCKET_WRONG_TOKENS_PER_MIN',
    'count',
    [30, 0, 1_000_000],
    'Wrong tokens of one address in a minute; above that it gets 429, also with the right token.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  requestsPerSecondMax: number(
    'WEBSOCKET_HTTP_REQUESTS_PER_SEC',
    'count',
    [100, 0, 1_000_000],
    'HTTP requests of one address in a second, with bursts of ten times that; above that it ' +
      'gets 429. /livez and /readyz always answer.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  authToken: text('WEBSOCKET_AUTH_TOKEN', '', 'Bearer token; empty means that none is needed.', {
    isSecret: true,
    isOurs: true,
  }),
  tlsCertFile: text(
    'WEBSOCKET_TLS_CERT_FILE',
    '',
    'PEM file of the certificate and its chain: the relay then listens with TLS only. It is ' +
      'read again when it changes.',
    ours,
  ),
  tlsKeyFile: text('WEBSOCKET_TLS_KEY_FILE', '', 'PEM file of its key, not encrypted.', ours),
} as const satisfies Record<string, SettingRow>
