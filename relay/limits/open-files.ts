/** Settings checked against the limit of open files, so that no more connections are accepted. */
import { settingRows, type Settings } from '../tables/settings.ts'

/** For Kafka, Redis, logs, and the runtime itself. */
const othersMax = 128
/** Share of the rest that is kept for connections that are not clients (yet). */
const keptShare = 1 / 8

const leftOf = (filesMax: number) => Math.max(2, filesMax - othersMax)
const keptOf = (filesMax: number) => Math.ceil(leftOf(filesMax) * keptShare)

/**
 * The settings with as many connections as the limit of open files allows, and a warning if that is
 * fewer than configured.
 */
export function withinOpenFiles(
  settings: Settings,
  filesMax = Infinity,
): { readonly settings: Settings; readonly warning?: string } {
  const { connectionsMax, pendingConnectionsMax } = settings
  const wantedFiles = connectionsMax + pendingConnectionsMax + othersMax
  if (wantedFiles <= filesMax) return { settings }
  const kept = Math.min(pendingConnectionsMax, keptOf(filesMax))
  const used = Math.min(connectionsMax, leftOf(filesMax) - kept)
  const { env } = settingRows.connectionsMax
  const warning =
    `${env}: wanted ${connectionsMax} connections, for which the process needs ${wantedFiles} ` +
    `open files; found a limit of ${filesMax}; ${used} connections are used (raise it with ` +
    `\`ulimit -n ${wantedFiles}\`)`
  return { settings: { ...settings, connectionsMax: used }, warning }
}

/** How many connections that are not clients (yet) may be open in addition to `clients`. */
export function pendingMax(
  { pendingConnectionsMax }: Pick<Settings, 'pendingConnectionsMax'>,
  clients: number,
  filesMax = Infinity,
): number {
  if (filesMax === Infinity) return pendingConnectionsMax
  return Math.min(pendingConnectionsMax, Math.max(keptOf(filesMax), leftOf(filesMax) - clients))
}
