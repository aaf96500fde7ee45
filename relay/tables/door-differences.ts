/** Differences from DashFlow's relay in who is let in, and in which settings are heard. */
import type { DifferenceRow } from './difference-row.ts'

export const doorDifferences: readonly DifferenceRow[] = [
  {
    what: 'The relay answers to addresses, `localhost` and the names that it was told.',
    why: "A page can let its own site's name point to this machine, and was at home here then.",
    noticed: '421 and a text that names `WEBSOCKET_ALLOWED_HOSTS`, on every path.',
  },
  {
    what: 'A page of another origin opens no socket and pins no schema.',
    why: 'Any page that was open in a browser could read the stream of a relay on loopback.',
    noticed: '403; `WEBSOCKET_ALLOWED_ORIGINS`, whose entries are compared as origins.',
  },
  {
    what: '`cursor_reset` needs the token unless relay and client are both on loopback.',
    why: 'Any page or client, also one behind a proxy here, could erase the replay of all others.',
    noticed: '`error` with the code `CURSOR_RESET_FORBIDDEN`.',
  },
  {
    what: 'Who asks at `/ws` for something else than a WebSocket is told what it takes.',
    why: 'An upgrade of HTTP/1.0, or to another protocol, is to be ignored, not obeyed.',
    noticed: '426 with `Upgrade: websocket`; elsewhere an `Upgrade` changes no answer.',
  },
  {
    what: 'An upgrade that does not wait for the answers to earlier requests is refused.',
    why: 'Those answers were written into the stream of frames.',
    noticed: '400, in its turn.',
  },
  {
    what: 'Where a token is set, `/version` tells strangers no text and no list.',
    why: 'It named brokers, users and paths to everybody.',
    noticed: '`settings_withheld`; with the token everything is there.',
  },
  {
    what: 'The relay may listen with TLS itself, and uses a renewed certificate by itself.',
    why: 'Tokens and records crossed the network in the clear unless a proxy stood in between.',
    noticed: '`WEBSOCKET_TLS_CERT_FILE`, `WEBSOCKET_TLS_KEY_FILE`; `https:` and `wss:` alone then.',
  },
  {
    what: 'Names that look like a setting and are none are told, with the right one.',
    why: 'A relay with `WEBSOCKET_AUTHTOKEN` was open and said nothing.',
    noticed: 'A warning; code 1 where it was to keep somebody out.',
  },
  {
    what: '`REDIS_ZCARD_CHECK_CADENCE` has no effect.',
    why: 'It says how seldom the replay buffer is trimmed; here every write trims it exactly.',
    noticed: 'A warning at the start.',
  },
  {
    what: 'No traces are sent; `OTEL_EXPORTER_OTLP_ENDPOINT` has no effect.',
    why: 'A span for each record costs more than the record; ages and latencies are metrics here.',
    noticed: 'A warning at the start; see METRICS.md.',
  },
  {
    what: '`RUST_LOG` is heard where `LOG_LEVEL` is not set: one level, of all or of the program.',
    why: 'Deployments have it. What it says of modules is about those of another program.',
    noticed: '`logLevel` of `/version`; `off` logs errors still.',
  },
  {
    what: 'A message of any kind above 1 MiB ends the client, binary ones as well.',
    why: 'Up to 64 MiB of what is ignored anyway was held in memory for each client.',
    noticed: 'Close code 1009; smaller binary messages are ignored as before.',
  },
  {
    what: 'Wrong tokens, and pages asked for, are limited by address.',
    why: 'A weak token could be guessed, and `/metrics` is not free.',
    noticed: '429 with `Retry-After`; `relay_refused_http_requests_total`.',
  },
]
