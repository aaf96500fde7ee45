/** Reads a Dockerfile as far as our checks of images need it. */

export interface Instruction {
  readonly name: string
  readonly rest: string
}

/** Instructions in order, each in one line, without comments. */
export function instructionsOf(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'))
  const joined = lines.join('\n').replaceAll(/\\\n\s*/g, ' ')
  return joined.split('\n').flatMap((line) => {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? []
    return name === undefined || rest === undefined ? [] : [{ name, rest }]
  })
}

/** Paths of the repository that an image gets. */
export const copiedBy = (instructions: readonly Instruction[]): string[] =>
  instructions
    .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
    .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1))

/** What is wrong with where stages come from, and who the image runs as. */
export function imageProblems(instructions: readonly Instruction[]): string[] {
  const byDefault = new Map<string, string>()
  const stages = new Set<string>()
  const problems: string[] = []
  for (const { name, rest } of instructions) {
    if (name === 'ARG') {
      const [variable = '', value = ''] = rest.split('=')
      byDefault.set(variable, value)
    }
    if (name !== 'FROM') continue
    const [, from = '', stage] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? []
    const variable = /^\$\{(\w+)\}$/.exec(from)?.[1]
    const image = variable === undefined ? undefined : (byDefault.get(variable) ?? '')
    const isKnown = image === undefined ? stages.has(from) : /:\d+\.\d+\.\d+[\w.-]*$/.test(image)
    if (!isKnown) problems.push(`FROM ${from}: wanted an ARG that is pinned to a whole version`)
    if (stage !== undefined) stages.add(stage)
  }
  const users = instructions.filter(({ name }) => name === 'USER')
  if (!/^[1-9]\d*:[1-9]\d*$/.test(users.at(-1)?.rest ?? '')) {
    problems.push('the last USER is not the number of somebody without rights')
  }
  return problems
}
