/**
 * Reads PromQL for the checks of dashboards and rules: which series it asks for, by which labels,
 * and inside which function. Prometheus' own grammar does the reading.
 */
import { parser } from '@prometheus-io/lezer-promql'

export interface Selector {
  readonly metric: string
  readonly matchers: readonly Matcher[]
  /** Its range, such as `5m`; empty where it has none. */
  readonly window: string
  /** The functions around it, from the inside out. */
  readonly functions: readonly string[]
}
export interface Matcher {
  readonly label: string
  readonly op: string
  readonly value: string
}
export interface Reading {
  /** Pieces that are not PromQL. */
  readonly faults: readonly string[]
  readonly selectors: readonly Selector[]
  /** Labels in `by`, `without`, `on`, `ignoring` and `group_left`. */
  readonly grouped: readonly string[]
  /** Functions that are called. */
  readonly functions: readonly string[]
}

type Tree = ReturnType<typeof parser.parse>
type Node = Tree['topNode']

export function readPromql(text: string): Reading {
  const reading = {
    faults: [] as string[],
    selectors: [] as Selector[],
    grouped: [] as string[],
    functions: [] as string[],
  }
  const says = (node: Node) => text.slice(node.from, node.to)
  parser.parse(text).iterate({
    enter({ node }) {
      if (node.type.isError) reading.faults.push(says(node) || 'nothing where something must be')
      if (node.name === 'FunctionIdentifier') reading.functions.push(says(node))
      if (node.name === 'VectorSelector') reading.selectors.push(selectorOf(node, says))
      if (node.name === 'GroupingLabels') {
        reading.grouped.push(...node.getChildren('LabelName').map(says))
      }
    },
  })
  return reading
}

function selectorOf(node: Node, says: (node: Node) => string): Selector {
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
  const part = (matcher: Node, name: string) => {
    const child = matcher.getChild(name)
    return child === null ? '' : says(child)
  }
  const matrix = node.parent?.name === 'MatrixSelector' ? node.parent : null
  const metric = node.getChild('Identifier')
  const functions: string[] = []
  for (let above = node.parent; above !== null; above = above.parent) {
    const name = above.name === 'FunctionCall' ? above.getChild('FunctionIdentifier') : null
    if (name !== null) functions.push(says(name))
  }
  return {
    metric: metric === null ? '' : says(metric),
    matchers: matchers.map((matcher) => ({
      label: part(matcher, 'LabelName'),
      op: part(matcher, 'MatchOp'),
      value: part(matcher, 'StringLiteral').slice(1, -1),
    })),
    window: matrix === null ? '' : says(matrix).slice(says(node).length + 1, -1),
    functions,
  }
}

/** What decides the labels of an answer: the labels that an aggregation keeps, or a metric. */
export type Origin = { readonly by: readonly string[] } | { readonly metric: string }

/** Of arithmetic, the left side's; undefined of a number. */
export function originOf(text: string): Origin | undefined {
  const says = (node: Node) => text.slice(node.from, node.to)
  const find = (node: Node): Origin | undefined => {
    if (node.name === 'VectorSelector') return { metric: selectorOf(node, says).metric }
    if (node.name === 'AggregateExpr') {
      const modifier = node.getChild('AggregateModifier')
      const labels = modifier?.getChild('GroupingLabels')?.getChildren('LabelName') ?? []
      return { by: labels.map(says) }
    }
    for (let child = node.firstChild; child !== null; child = child.nextSibling) {
      const found = find(child)
      if (found !== undefined) return found
    }
    return undefined
  }
  return find(parser.parse(text).topNode)
}
