/**
 * What the changes of one record may cost. Forty bytes can ask for two hundred insertions at the
 * front of an array of a million, so operations are not counted but what they move, copy and
 * measure: a unit is about one element of an array that is moved.
 */
import type { JsonObject, JsonValue } from '../../proto/canonical-json.ts'

/** A member costs so many times what an element does: it is looked up, and not only moved. */
const memberUnits = 256
/** In memory: a slot of an array, a member of an object, and either of them empty. */
const elementBytes = 8
const memberBytes = 24
const containerBytes = 48

/** Thrown where a record asks for more than is left; whatever was begun is thrown away. */
export class OverworkedError extends Error {
  override readonly name = 'OverworkedError'
}

export class Work {
  #unitsLeft: number

  constructor(unitsMax: number) {
    this.#unitsLeft = unitsMax
  }

  /** @throws OverworkedError if there is not so much left */
  spend(units: number): void {
    this.#unitsLeft -= units
    if (this.#unitsLeft < 0) throw new OverworkedError('too much work for one record')
  }

  /** Pays for a copy of a container, without what is in it. @returns what it takes in memory */
  copy(container: readonly JsonValue[] | JsonObject): number {
    const isArray = Array.isArray(container)
    this.spend(isArray ? container.length : memberUnits * Object.keys(container).length)
    return containerBytesOf(container)
  }
}

/** What a container takes in memory, without what is in it. */
export function containerBytesOf(container: readonly JsonValue[] | JsonObject): number {
  if (Array.isArray(container)) return containerBytes + elementBytes * container.length
  return containerBytes + memberBytes * Object.keys(container).length
}
