/**
 * The scrapes of a run: of each series its changes only, as the history has them, and the times of
 * the answered scrapes. Writing them spells every value out again.
 */
import { Column } from '../history/column.ts'
import type { Scrape } from '../history/event.ts'
import { msOf } from './observer.ts'
import { Timeline } from './timeline.ts'

const okStatus = 200

/** A change of a series: at which answered scrape, and to what. A place below 0 is its end. */
interface Changes {
  readonly at: Column
  readonly to: Column
}

export class Scrapes {
  /** 1 for a scrape that was answered, 0 for one that was not. */
  readonly up = new Timeline()
  readonly #ms = new Column()
  readonly #series = new Map<string, Changes>()

  add([, t, , status, changed]: Scrape): void {
    this.up.add(msOf(t), status === okStatus ? 1 : 0)
    if (status !== okStatus) return
    const place = this.#ms.length
    this.#ms.push(msOf(t))
    for (const [key, told] of Object.entries(changed)) {
      const changes = this.#series.get(key) ?? { at: new Column(), to: new Column() }
      this.#series.set(key, changes)
      changes.at.push(told === null ? -1 - place : place)
      changes.to.push(told === null ? 0 : valueOf(told))
    }
  }

  /** Series as `name{label="value",…}`, in the order in which they came. */
  get keys(): Iterable<string> {
    return this.#series.keys()
  }

  /** Answered scrapes. */
  get count(): number {
    return this.#ms.length
  }

  msOf(scrape: number): number {
    return this.#ms.at(scrape)
  }

  /** Reads a series: asked for ascending scrapes, each in constant time. */
  cursor(key: string): (scrape: number) => number | undefined {
    const { at: places, to } = this.#series.get(key) ?? noChanges
    let next = 0
    let value: number | undefined
    return (scrape) => {
      while (next < places.length) {
        const at = places.at(next)
        if ((at < 0 ? -1 - at : at) > scrape) break
        value = at < 0 ? undefined : to.at(next)
        next += 1
      }
      return value
    }
  }
}

const noChanges: Changes = { at: new Column(), to: new Column() }

const valueOf = (told: Exclude<Scrape[4][string], null>): number =>
  typeof told === 'number' ? told : Number(told.replace('Inf', 'Infinity'))
