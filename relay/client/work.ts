/**
 * Limits the work for the changes of one record. 40 bytes can demand 200 insertions at the front of
 * an array of a million, so the limit counts not operations but the elements that they move, copy
 * and measure: a unit is about one moved array element.
 */
import type { JsonObject, JsonValue } from '../../proto/canonical-json.ts'

/** Units of an object member: it is looked up, and not only moved. */
const memberUnits = 256
/** In memory: a slot of an array, a member of an object, and either of them empty. */
const elementBytes = 8
const memberBytes = 24
const containerBytes = 48

/** Thrown where a record needs more units than are left; its partial result is discarded. */
export class OverworkedError extends Error {
  override readonly name = 'OverworkedError'
}

export class Work {
  #unitsLeft: number

  constructor(unitsMax: number) {
    this.#unitsLeft = unitsMax
  }

  /** @throws OverworkedError if fewer units are left */
  spend(units: number): void {
    this.#unitsLeft -= units
    if (this.#unitsLeft < 0) throw new OverworkedError('too much work for one record')
  }

  /** Charges a copy of a container, without its content. @returns its bytes in memory */
  copy(container: readonly JsonValue[] | JsonObject): number {
    const isArray = Array.isArray(container)
    this.spend(isArray ? container.length : memberUnits * Object.keys(container).length)
    return containerBytesOf(container)
  }
}

/** Memory of a container, without its content. */
export function containerBytesOf(container: readonly JsonValue[] | JsonObject): number {
  if (Array.isArray(container)) return containerBytes + elementBytes * container.length
  return containerBytes + memberBytes * Object.keys(container).length
}
