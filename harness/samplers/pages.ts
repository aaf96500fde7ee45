/** Keeps other pages of the target for the record: /version at the start, and whenever asked. */
import { jsonValue } from './json.ts'
import { pageClient } from './page-request.ts'
import type { Sampler, SamplerWorld } from './sampler.ts'

const limitMs = 5_000

export interface PageSampler extends Sampler {
  /** Gets a page and writes it down; returns its JSON, `null` where there was none. */
  keep(path: string): Promise<unknown>
}

/** @param options.address host:port of the target */
export function startPageSampler(
  world: SamplerWorld,
  options: { readonly address: string },
): PageSampler {
  const { clock, journal } = world
  const pages = pageClient(clock, options.address)
  const keep = async (path: string) => {
    const t = journal.now()
    const { status, body, why } = await pages.get(path, limitMs)
    const page = jsonValue(body)
    journal.write({ kind: 'page', t, path, status, body: page })
    if (why !== undefined) journal.write({
      kind: 'trouble',
      t,
      where: 'pages',
      what: `GET ${path}: ${why}`,
    })
    return page
  }
  const first = keep('/version')
  return {
    keep,
    async stop() {
      await first
      pages.close()
    },
  }
}
