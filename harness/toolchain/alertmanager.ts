/** Alertmanager, with amtool beside it: on PATH, or Debian's package. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianTool } from './debian.ts'
import type { Tool } from './tool.ts'

/** Not a pin: what is older is not taken, and Debian has one version per release. */
const least = '0.25.0'
/** Debian's program opens its default template here and nowhere else. */
const templatesOfHost = '/usr/share/prometheus/alertmanager'
/**
 * The same folder of the unpacked package, seen from its `usr`: of the same length, because the
 * path stands in the program.
 */
const templatesUnpacked = './share/prometheus/alertmanager'.padEnd(templatesOfHost.length, '/')

export const alertmanager: Tool = debianTool({
  name: 'alertmanager',
  title: 'Alertmanager',
  why: 'groups, inhibits and sends alerts',
  isOnDemand: true,
  least,
  package: 'prometheus-alertmanager',
  program: ['alertmanager', 'prometheus-alertmanager'],
  companions: ['amtool'],
  needsLibraries: false,
  settle: (root) => useUnpackedTemplates(join(root, 'usr/bin/prometheus-alertmanager')),
  startIn: 'usr',
})

/**
 * Makes Debian's program read the templates that were unpacked with it. Without that it ends at
 * once on a host that does not have the package.
 *
 * @throws Error where the program names no such folder
 */
export function useUnpackedTemplates(program: string): void {
  const bytes = readFileSync(program)
  let at = bytes.indexOf(templatesOfHost)
  if (at < 0) throw new Error(`${program} does not name ${templatesOfHost}: it is another build`)
  for (; at >= 0; at = bytes.indexOf(templatesOfHost, at)) bytes.write(templatesUnpacked, at)
  writeFileSync(program, bytes)
}
