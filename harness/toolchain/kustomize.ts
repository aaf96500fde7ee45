/** Kustomize: on PATH, in kubectl, or built by Go from its module. */
import { basename, join } from 'node:path'
import { ask, onPath } from './program.ts'
import type { Tool } from './tool.ts'
import { askVersion, findVersion, isAtLeast } from './version.ts'

const pinned = '5.7.1'
/** The first with `labels` and the shape of patches that the manifests use. */
const least = '5.0.0'

const module = 'sigs.k8s.io/kustomize/kustomize/v5'

export const kustomize: Tool = {
  name: 'kustomize',
  why: 'renders the Kubernetes manifests that are tested',
  isOnDemand: true,
  wanted: `${least} or newer`,
  home: `kustomize-${pinned}`,
  needs: ['go'],
  byHand: `put kustomize ${least} or newer, or kubectl with it, on PATH`,

  async findOnHost() {
    const candidates = [
      { program: 'kustomize', args: ['version'], says: /(.*)/s },
      { program: 'kubectl', args: ['version', '--client'], says: /Kustomize Version: (.*)/ },
    ]
    for (const { program, args, says } of candidates) {
      const path = onPath(program)
      const told = path === undefined ? '' : (await ask(path, args)).text
      const version = findVersion(says.exec(told)?.[1] ?? '')
      if (path === undefined || version === undefined || !isAtLeast(version, least)) continue
      return { path, env: {}, version, from: 'PATH' }
    }
    return undefined
  },

  async verify(home) {
    const path = join(home, 'kustomize')
    const version = await askVersion(path, ['version'])
    if (version !== pinned) {
      const found = version ?? 'no version'
      throw new Error(`wanted kustomize ${pinned} at ${path}, but it says ${found}`)
    }
    return { path, env: {}, version, from: '.tools' }
  },

  async install(folder, $) {
    await $`GOBIN=${folder} CGO_ENABLED=0 \
      go install -trimpath -ldflags=${'-s -w'} ${module}@v${pinned}`
  },
}

/** The arguments that render a folder, before its path. */
export const renderArgs = (path: string): readonly string[] =>
  basename(path) === 'kubectl' ? ['kustomize'] : ['build']
