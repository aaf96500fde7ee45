/** Settings held against what the process may have open: what cannot be kept is not promised. */
import { settingRows, type Settings } from '../tables/settings.ts'

/** For Kafka, Redis, logs, and the runtime itself. */
const othersMax = 128
/** Share of the rest that is kept for whoever is no client (yet), so that all get an answer. */
const keptShare = 1 / 8

const leftOf = (filesMax: number) => Math.max(2, filesMax - othersMax)
const keptOf = (filesMax: number) => Math.ceil(leftOf(filesMax) * keptShare)

/**
 * The settings with as many connections as there may be files, and a warning if that is fewer than
 * were wanted.
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

/** How many connections that are no clients (yet) there may be beside so many that are. */
export function pendingMax(
  { pendingConnectionsMax }: Pick<Settings, 'pendingConnectionsMax'>,
  clients: number,
  filesMax = Infinity,
): number {
  if (filesMax === Infinity) return pendingConnectionsMax
  return Math.min(pendingConnectionsMax, Math.max(keptOf(filesMax), leftOf(filesMax) - clients))
}
