/** Redis: on PATH, or Debian's package with the libraries that it needs. */
import { debianTool } from './debian.ts'
import pins from './pins.json' with { type: 'json' }
import type { Tool } from './tool.ts'

export const redis: Tool = debianTool({
  name: 'redis',
  title: 'Redis',
  why: "the relay's replay buffer",
  isOnDemand: false,
  least: pins.redisMin,
  package: 'redis-server',
  program: ['redis-server'],
  companions: [],
  needsLibraries: true,
})
