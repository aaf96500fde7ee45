/**
 * A rule with one mistake: a limit that is copied wrongly, a lifetime total instead of growth, a
 * condition forgotten. The cases of a rule must notice each.
 */
import { parser } from '@prometheus-io/lezer-promql'
import { production } from './form.ts'
import type { Rule } from './rule.ts'

export interface Mutant {
  readonly says: string
  readonly rule: Rule
}

type Tree = ReturnType<typeof parser.parse>
type Node = Tree['topNode']
interface Change {
  readonly says: string
  readonly from: number
  readonly to: number
  readonly text: string
}

/** Every mistake of the kinds above that can be made in a rule. */
export function mutantsOf(rule: Rule): Mutant[] {
  const never = { says: 'the rule is missing', rule: { ...rule, expr: () => 'vector(0) > 1' } }
  return [never, ...mistakesInExpr(rule), ...mistakesInTime(rule)]
}

/** Long enough that a window is over before it has passed. */
const muchLonger = 6

function mistakesInTime(rule: Rule): Mutant[] {
  if (rule.forMs === 0) return []
  return [
    { says: 'it fires at once', rule: { ...rule, forMs: 0 } },
    { says: 'it waits much longer', rule: { ...rule, forMs: muchLonger * rule.forMs } },
  ]
}

const mistakesInExpr = (rule: Rule): Mutant[] => {
  const expr = rule.expr(production)
  return changesOf(expr).map(({ says, from, to, text }) => ({
    says: `${says}: ${expr.slice(from, to)}`,
    rule: { ...rule, expr: () => expr.slice(0, from) + text + expr.slice(to) },
  }))
}

function changesOf(expr: string): Change[] {
  const changes: Change[] = []
  const says = (node: Node) => expr.slice(node.from, node.to)
  parser.parse(expr).iterate({
    enter({ node }) {
      if (node.name === 'FunctionCall') changes.push(...totalInsteadOfGrowth(node, says))
      if (node.name === 'BinaryExpr') changes.push(...mistakesOf(node, says))
    },
  })
  return changes
}

/** A lifetime total never falls: the alert would never end. */
function totalInsteadOfGrowth(node: Node, says: (node: Node) => string): Change[] {
  const name = node.getChild('FunctionIdentifier')
  if (name === null || !['increase', 'rate', 'changes'].includes(says(name))) return []
  const selector = node.getChild('FunctionCallBody')?.getChild('MatrixSelector')?.firstChild
  if (selector === null || selector === undefined) return []
  return [{ says: 'a total', from: node.from, to: node.to, text: says(selector) }]
}

const comparisons = new Set(['Gtr', 'Gte', 'Lss', 'Lte', 'Eql', 'Eqlc', 'Neq'])
const tenfold = 10
/** More than anything that is measured. */
const unreachable = 1e15

function mistakesOf(node: Node, says: (node: Node) => string): Change[] {
  const [left, operator, ...rest] = childrenOf(node)
  const right = rest.at(-1)
  if (left === undefined || operator === undefined || right === undefined) return []
  const keep = (why: string, kept: Node): Change => ({
    says: why,
    from: node.from,
    to: node.to,
    text: `(${says(kept)})`,
  })
  if (operator.name === 'And') return [keep('forgotten after `and`', left)]
  if (operator.name === 'Unless') return [keep('forgotten after `unless`', left)]
  if (operator.name === 'Or') return [keep('without what follows', left), keep('the rest', right)]
  if (!comparisons.has(operator.name)) return []
  const limit = Number(says(right))
  if (Number.isNaN(limit)) return []
  const set = (why: string, value: number): Change => ({
    says: why,
    from: right.from,
    to: right.to,
    text: String(value),
  })
  if (limit === 0) return [set('a limit out of reach', unreachable)]
  return [set('copied as 0', 0), set('a limit ten times as far', tenfold * limit)]
}

function childrenOf(node: Node): Node[] {
  const children: Node[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child)
  return children
}
