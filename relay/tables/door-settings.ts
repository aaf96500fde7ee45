/** Settings of who is let in: hosts, origins, token, proxies, and TLS of the own listener. */
import { type ListRow, number, ours, type SettingRow, text } from './setting-row.ts'

export const doorSettingRows = {
  trustedProxies: {
    kind: 'list',
    env: 'WEBSOCKET_TRUSTED_PROXY_IPS',
    byDefault: [],
    says: 'Addresses or CIDR ranges whose X-Forwarded-For is believed.',
  } satisfies ListRow as ListRow,
  allowedOrigins: {
    kind: 'list',
    env: 'WEBSOCKET_ALLOWED_ORIGINS',
    byDefault: [],
    says: 'Origins that may open a socket besides the own one; `*` allows all.',
    isOurs: true,
  } satisfies ListRow as ListRow,
  allowedHosts: {
    kind: 'list',
    env: 'WEBSOCKET_ALLOWED_HOSTS',
    byDefault: [],
    says:
      'Names by which the relay may be asked for: `name`, `name:port`, `*.domain`, or `*` for ' +
      'any. Addresses, localhost and WEBSOCKET_HOST always may; other names, as of a service or ' +
      'a container, are refused with 421.',
    isOurs: true,
  } satisfies ListRow as ListRow,
  wrongTokensPerMinuteMax: number(
    'WEBSOCKET_WRONG_TOKENS_PER_MIN',
    'count',
    [30, 0, 1_000_000],
    'Wrong tokens of one address; past that it gets 429, whatever token it has.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  requestsPerSecondMax: number(
    'WEBSOCKET_HTTP_REQUESTS_PER_SEC',
    'count',
    [100, 0, 1_000_000],
    'Pages that one address may ask for, ten seconds of them at once; past that it gets 429. ' +
      '/livez and /readyz always answer.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  authToken: text('WEBSOCKET_AUTH_TOKEN', '', 'Bearer token; empty means none is asked for.', {
    isSecret: true,
    isOurs: true,
  }),
  tlsCertFile: text(
    'WEBSOCKET_TLS_CERT_FILE',
    '',
    'PEM file of the certificate, and of those that vouch for it: the relay then listens with ' +
      'TLS alone. It is read again when it changes.',
    ours,
  ),
  tlsKeyFile: text('WEBSOCKET_TLS_KEY_FILE', '', 'PEM file of its key, not encrypted.', ours),
} as const satisfies Record<string, SettingRow>
