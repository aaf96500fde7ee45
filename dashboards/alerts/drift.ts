/**
 * What a copy of the rules has that the table has not, rule by rule: a copy may stand in a file of
 * Prometheus or of its operator, and may be written differently without being different.
 */
import { parse } from 'yaml'
import { production } from './form.ts'
import { groupsOf, type PrintedRule } from './render.ts'

interface Groups {
  readonly groups?: readonly { readonly rules?: readonly Partial<PrintedRule>[] }[]
}
type RuleFile = Groups & { readonly spec?: Groups }
type Parts = ReadonlyMap<string, string>

/** One sentence for each difference between a copy and the table; none where they agree. */
export function driftOf(copy: string): string[] {
  let file: RuleFile | null
  try {
    file = parse(copy) as RuleFile | null
  } catch (error) {
    return [`it is not YAML: ${(error as Error).message.split('\n')[0]}`]
  }
  const copied = rulesIn(file?.spec ?? file ?? {})
  const wanted = rulesIn({ groups: groupsOf(production) })
  const names = new Set([...wanted.keys(), ...copied.keys()])
  return Array.from(names).flatMap((name) => {
    const [ours, theirs] = [wanted.get(name), copied.get(name)]
    if (theirs === undefined) return [`${name} is missing`]
    if (ours === undefined) return [`${name} is not in the table`]
    return differences(name, ours, theirs)
  })
}

/** By name; one that stands twice has a number behind it, so that it is seen. */
function rulesIn({ groups }: Groups): ReadonlyMap<string, Parts> {
  const rules = new Map<string, Parts>()
  for (const rule of (groups ?? []).flatMap((group) => group.rules ?? [])) {
    const name = rule.alert ?? 'a rule without a name'
    rules.set(rules.has(name) ? `${name} (${rules.size})` : name, partsOf(rule))
  }
  return rules
}

/** All that a rule says, each part by its path. */
function partsOf({ expr, for: lasts, labels, annotations }: Partial<PrintedRule>): Parts {
  const under = (path: string, texts: Readonly<Record<string, string>> = {}) =>
    Object.entries(texts).map(([key, text]) => [`${path}.${key}`, text] as const)
  return new Map([
    ['expr', (expr ?? '').replaceAll(/\s+/g, ' ').trim()],
    ['for', lasts ?? '0s'],
    ...under('labels', labels),
    ...under('annotations', annotations),
  ])
}

const differences = (name: string, ours: Parts, theirs: Parts): string[] =>
  Array.from(new Set([...ours.keys(), ...theirs.keys()]))
    .filter((part) => ours.get(part) !== theirs.get(part))
    .map((part) => {
      const say = (text: string | undefined) => (text === undefined ? 'nothing' : `"${text}"`)
      return `${name}: ${part} is ${say(theirs.get(part))}, and ${say(ours.get(part))} in the table`
    })
