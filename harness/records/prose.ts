/**
 * Realistic text in any amount. faker is far too slow to be asked for each record, so it writes
 * one page per seed, and a text is a slice of that page, chosen by dice.
 */
import { faker } from '@faker-js/faker/locale/en'
import { dice, type Dice } from '../world/dice.ts'

/** Characters of the page; a longer text repeats it. */
const pageChars = 64 * 1_024

/** Texts of one seed. */
export interface Prose {
  /** A text of exactly `chars` ASCII characters. */
  text(chance: Dice, chars: number): string
}

/** Writes the page of `seed`; takes some tens of milliseconds. */
export function openProse(seed: string): Prose {
  const page = writePage(seed)
  return {
    text(chance, chars) {
      if (chars <= 0) return ''
      const from = chance.int(pageChars)
      const rounds = Math.ceil((from + chars) / pageChars)
      return (rounds > 1 ? page.repeat(rounds) : page).slice(from, from + chars)
    },
  }
}

function writePage(seed: string): string {
  faker.seed(dice(`${seed}/prose`).int(2 ** 31))
  const sentences: string[] = []
  for (let chars = 0; chars < pageChars; ) {
    const [name, phrase] = [faker.person.firstName(), faker.hacker.phrase()]
    const sentence = `${name}: ${phrase} ${faker.lorem.sentence()} `
    sentences.push(sentence)
    chars += sentence.length
  }
  const ascii = sentences.join('').replaceAll(/[^ -~]/g, '?')
  return ascii.slice(0, pageChars)
}
