/** Prometheus, with promtool beside it: on PATH, or Debian's package. */
import { debianTool } from './debian.ts'
import type { Tool } from './tool.ts'

/** Not a pin: what is older is not taken, and Debian has one version per release. */
const least = '2.42.0'

export const prometheus: Tool = debianTool({
  name: 'prometheus',
  title: 'Prometheus',
  why: 'evaluates alert rules and the queries of dashboards',
  isOnDemand: true,
  least,
  package: 'prometheus',
  program: ['prometheus'],
  companions: ['promtool'],
  needsLibraries: false,
})
