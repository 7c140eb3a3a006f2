/** Finds every place where our contracts call another account, in the compiler's syntax trees. */
import { artifacts, compilerOutput, type AstNode } from './artifacts.js'

/** A node with whatever the compiler says of it. */
interface Node extends AstNode {
  readonly id?: number
  readonly [key: string]: unknown
}

/** One place: a function, and what it calls. */
export interface ExternalSite {
  /** For example `Withdrawing`; `Market` and its parts each by their own name. */
  readonly contract: string
  readonly caller: string
  /** For example `registry.slash`, `staticcall`, `BeaconCall.valueOf`. */
  readonly call: string
}

/** Libraries whose functions call what they are given: ours, and those of packages. */
const CALLING = new Set(['BeaconCall', 'ForeignCall', 'SafeERC20', 'SignatureChecker', 'Address', 'Clones'])
/** Their functions that call nobody. */
const QUIET = new Set([
  'checkGas',
  'beginning',
  'verifyCallResult',
  'fetchCloneArgs',
  'predictDeterministicAddressWithImmutableArgs',
])
const OPCODES = new Set(['call', 'callcode', 'delegatecall', 'staticcall', 'create', 'create2'])
const EXTERNAL = /^t_function_(external|delegatecall|barecall|barestaticcall|baredelegatecall|creation)_/

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'nodeType' in value
}

/** A node and all below it. */
function* walk(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) yield* walk(item)
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (isNode(value)) yield value
  for (const child of Object.values(value)) yield* walk(child)
}

function typeOf({ typeDescriptions }: Node): string {
  return String((typeDescriptions as { typeIdentifier?: string } | undefined)?.typeIdentifier ?? '')
}

/** What is called, without the options in braces. */
function target(expression: Node): Node {
  return expression.nodeType === 'FunctionCallOptions' ? target(expression.expression as Node) : expression
}

/** An expression as short as it can be said: `registry.slash`, `IPuzzle.isSolved`, `this.execute`. */
function said(expression: Node): string {
  if (expression.nodeType === 'MemberAccess')
    return `${said(expression.expression as Node)}.${String(expression.memberName)}`
  if (expression.nodeType === 'FunctionCall') return said(target(expression.expression as Node))
  if (expression.nodeType === 'IndexAccess') return said(expression.baseExpression as Node)
  if (expression.nodeType === 'NewExpression') return 'new'
  return expression.name ?? ''
}

/** The library, if a call runs a function of one that calls others. */
function library(expression: Node, owners: ReadonlyMap<number, string>): string | undefined {
  const owner = owners.get(expression.referencedDeclaration as number)
  return owner !== undefined && CALLING.has(owner) ? owner : undefined
}

function callsOf(definition: Node, owners: ReadonlyMap<number, string>): string[] {
  return [...walk(definition)].flatMap((node) => {
    if (node.nodeType === 'YulFunctionCall') {
      const { name = '' } = node.functionName as Node
      return OPCODES.has(name) ? [name] : []
    }
    if (node.nodeType !== 'FunctionCall' || node.kind !== 'functionCall') return []
    const called = target(node.expression as Node)
    // A library's call of itself is said by whom it calls then.
    const owner = called.nodeType === 'MemberAccess' ? library(called, owners) : undefined
    if (owner !== undefined)
      return QUIET.has(String(called.memberName)) ? [] : [`${owner}.${String(called.memberName)}`]
    const type = typeOf(called)
    // A `new` of memory is no creation of a contract.
    return EXTERNAL.test(type) && !type.includes('objectcreation') ? [said(called)] : []
  })
}

/** Every call of another account in `contracts/`, each once, in the order of the files. */
export function externalSites(): ExternalSite[] {
  const runs = new Map<string, Map<number, string>>()
  const found = new Map<string, ExternalSite>()
  const sources = new Map(artifacts().map((artifact) => [artifact.sourceName, artifact]))
  for (const { inputSourceName, buildInfoId } of sources.values()) {
    const output = compilerOutput(buildInfoId)
    const owners = runs.get(buildInfoId) ?? ownersIn(Object.values(output.sources).map(({ ast }) => ast as Node))
    runs.set(buildInfoId, owners)
    for (const contract of (output.sources[inputSourceName]?.ast.nodes ?? []) as Node[]) {
      if (contract.nodeType !== 'ContractDefinition' || contract.contractKind === 'interface') continue
      for (const member of (contract.nodes ?? []) as Node[]) {
        const caller = member.name === undefined || member.name === '' ? String(member.kind) : member.name
        for (const call of callsOf(member, owners)) {
          const site = { contract: contract.name ?? '', caller, call }
          found.set(Object.values(site).join(' '), site)
        }
      }
    }
  }
  return [...found.values()]
}

/** The contract or library of each function, by the function's id. */
function ownersIn(trees: readonly Node[]): Map<number, string> {
  const owners = new Map<number, string>()
  for (const tree of trees) {
    for (const contract of (tree.nodes ?? []) as Node[]) {
      if (contract.nodeType !== 'ContractDefinition') continue
      for (const member of (contract.nodes ?? []) as Node[]) {
        if (member.nodeType === 'FunctionDefinition') owners.set(member.id as number, contract.name ?? '')
      }
    }
  }
  return owners
}
