/** Toxiproxy: on PATH, or built by Go from its module. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import pins from './pins.json' with { type: 'json' }
import { onPath } from './program.ts'
import type { Tool } from './tool.ts'
import { askVersion, isAtLeast } from './version.ts'

const module = 'github.com/Shopify/toxiproxy/v2'

export const toxiproxy: Tool = {
  name: 'toxiproxy',
  why: 'stands in every network path and breaks it on demand',
  isOnDemand: false,
  wanted: `${pins.toxiproxyMin} or newer`,
  home: `toxiproxy-${pins.toxiproxy}`,
  needs: ['go'],
  byHand: `put toxiproxy-server ${pins.toxiproxyMin} or newer on PATH`,

  async findOnHost() {
    const path = onPath('toxiproxy-server')
    if (path === undefined) return undefined
    const version = await askVersion(path, ['-version'])
    if (version === undefined || !isAtLeast(version, pins.toxiproxyMin)) return undefined
    return { path, env: {}, version, from: 'PATH' }
  },

  async verify(home) {
    const path = join(home, 'toxiproxy-server')
    const version = await askVersion(path, ['-version'])
    if (version !== pins.toxiproxy) {
      const found = version ?? 'no version'
      throw new Error(`wanted Toxiproxy ${pins.toxiproxy} at ${path}, but it says ${found}`)
    }
    return { path, env: {}, version: pins.toxiproxy, from: '.tools' }
  },

  /** Built from source it would call itself "git": its own variable is set as its releases do. */
  async install(folder, $) {
    const flags = `-s -w -X ${module}.Version=${pins.toxiproxy}`
    await $`GOBIN=${folder} CGO_ENABLED=0 \
      go install -trimpath -ldflags=${flags} ${module}/cmd/server@v${pins.toxiproxy}`
    renameSync(join(folder, 'server'), join(folder, 'toxiproxy-server'))
  },
}
