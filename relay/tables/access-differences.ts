/** Differences from DashFlow's relay in access control, and in which settings have an effect. */
import type { DifferenceRow } from './difference-row.ts'

export const accessDifferences: readonly DifferenceRow[] = [
  {
    what: 'The relay answers to addresses, `localhost` and the configured host names only.',
    why: 'DNS rebinding: a site can point its name to this machine, and counted as same origin.',
    noticed: '421 and a text that names `WEBSOCKET_ALLOWED_HOSTS`, on every path.',
  },
  {
    what: 'A page of another origin can neither open a socket nor pin a schema.',
    why: 'Any page that was open in a browser could read the stream of a relay on loopback.',
    noticed: '403; `WEBSOCKET_ALLOWED_ORIGINS`, whose entries are compared as origins.',
  },
  {
    what: '`cursor_reset` needs the token unless relay and client are both on loopback.',
    why: 'Any page or client, also behind a local proxy, could erase the replay of all others.',
    noticed: '`error` with the code `CURSOR_RESET_FORBIDDEN`.',
  },
  {
    what: 'A request at `/ws` that is not a WebSocket upgrade is answered with what is needed.',
    why: 'An upgrade of HTTP/1.0, or to another protocol, must be ignored, not accepted.',
    noticed: '426 with `Upgrade: websocket`; elsewhere an `Upgrade` changes no answer.',
  },
  {
    what: 'An upgrade that does not wait for the answers to earlier requests is refused.',
    why: 'Those answers were written into the stream of frames.',
    noticed: '400, after those answers.',
  },
  {
    what: 'Where a token is set, `/version` without it shows no settings that are text or lists.',
    why: 'It showed brokers, users and paths to everybody.',
    noticed: '`settings_withheld`; with the token everything is there.',
  },
  {
    what: 'The relay can listen with TLS itself, and loads a renewed certificate on its own.',
    why: 'Tokens and records crossed the network in the clear unless a proxy added TLS.',
    noticed: '`WEBSOCKET_TLS_CERT_FILE`, `WEBSOCKET_TLS_KEY_FILE`; then `https:` and `wss:` only.',
  },
  {
    what: 'Unknown names that look like a setting are reported, with the likely right name.',
    why: 'A relay with `WEBSOCKET_AUTHTOKEN` was open and said nothing.',
    noticed: 'A warning; exit code 1 where the setting restricts access.',
  },
  {
    what: '`REDIS_ZCARD_CHECK_CADENCE` has no effect.',
    why: 'It sets how often the replay buffer is trimmed; here every write trims it exactly.',
    noticed: 'A warning at the start.',
  },
  {
    what: 'No traces are sent; `OTEL_EXPORTER_OTLP_ENDPOINT` has no effect.',
    why: 'A span for each record costs more than the record; ages and latencies are metrics here.',
    noticed: 'A warning at the start; see METRICS.md.',
  },
  {
    what: '`RUST_LOG` applies without `LOG_LEVEL`: its global or `websocket_server` level.',
    why: 'Deployments have it. Its levels of modules are about modules of another program.',
    noticed: '`logLevel` of `/version`; `off` still logs errors.',
  },
  {
    what: 'A message of any kind above 1 MiB ends the client, binary ones as well.',
    why: 'Up to 64 MiB of what is ignored anyway was held in memory for each client.',
    noticed: 'Close code 1009; smaller binary messages are ignored as before.',
  },
  {
    what: 'Wrong tokens, and HTTP requests, are limited by address.',
    why: 'A weak token could be guessed, and `/metrics` is not free.',
    noticed: '429 with `Retry-After`; `relay_refused_http_requests_total`.',
  },
]
