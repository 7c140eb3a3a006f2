/** Makes docs/roles.md of the compiler's syntax trees: every function that not everybody may call, and whom it asks for. */
import { join } from 'node:path'

import { compilerOutput, deployable, root, type Artifact, type AstNode } from './artifacts.js'

export const rolesPath = join(root, 'docs/roles.md')

/** A node with whatever the compiler says of it. */
interface Node extends AstNode {
  readonly id: number
  readonly [key: string]: unknown
}

/** Who passes a check of the caller, by the error of whoever does not. Null: no privilege. */
const ROLES: Readonly<Record<string, string | null>> = {
  OwnableUnauthorizedAccount: 'owner',
  OnlyMarket: 'the market contract',
  OnlyPeer: 'the market or the committee contract',
  OnlyQualification: 'the qualification contract',
  NotGuardian: 'guardian',
  NotPendingGuardian: 'the account that was offered to be guardian',
  NotAdmitted: 'an account on the list; anyone once the list is open',
  OperatorNotAdmitted: 'an operator on the list; anyone once admission is open',
  NotSubmitter: 'a submitter key of the operator',
  // Roles of OpenZeppelin's access control, by the name of the role. As deployed the timelock is its only administrator.
  PROPOSER_ROLE: 'council',
  CANCELLER_ROLE: 'council',
  getRoleAdmin: 'the timelock itself',
  TimelockUnauthorizedCaller: 'the timelock itself',
  // As deployed it is everybody's.
  EXECUTOR_ROLE: null,
  AccessControlBadConfirmation: null,
  // The owner itself, not through the relay: it narrows a role, it gives none.
  OwnerActsDirectly: null,
  // Whose seat, workload or commit it is.
  NotSeatOperator: null,
  NotSeatsOperator: null,
  NotRequester: null,
  AlreadyCommitted: null,
  // Whose money it is.
  NotSigned: null,
}

/** What limits the functions that come from a package, which cannot say it themselves. */
const PACKAGE_BOUNDS: Readonly<Record<string, string>> = {
  transferOwnership: 'the new owner has to accept; until then it can be taken back',
  acceptOwnership: 'the account that was offered the ownership',
  renounceOwnership: 'for ever',
  schedule: 'takes effect after the delay at the earliest, and only what the timelock may do',
  scheduleBatch: 'as `schedule`, all calls or none',
  cancel: 'until it is executed',
  grantRole: 'a scheduled act',
  revokeRole: 'a scheduled act',
}

/** Code that runs at another contract's address. */
const RUNS_AS: Readonly<Record<string, string>> = { MarketExtension: 'Market' }

interface Row {
  readonly contract: string
  readonly name: string
  readonly who: string
  readonly effect: string
  readonly bound: string
}

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

/** The declarations of one run of the compiler, by their ids. */
class Tree {
  readonly #nodes = new Map<number, Node>()

  constructor(buildInfoId: string) {
    for (const { ast } of Object.values(compilerOutput(buildInfoId).sources)) {
      for (const node of walk(ast)) this.#nodes.set(node.id, node)
    }
  }

  get(id: unknown): Node | undefined {
    return this.#nodes.get(id as number)
  }

  contractOf({ inputSourceName, buildInfoId, contractName }: Artifact): Node {
    const contract = compilerOutput(buildInfoId).sources[inputSourceName]?.ast.nodes?.find(
      ({ nodeType, name }) => nodeType === 'ContractDefinition' && name === contractName,
    )
    if (!isNode(contract)) throw new Error(`no syntax tree of ${contractName}`)
    return contract
  }

  /** The functions a contract offers that can change something, each as its most derived definition. */
  functionsOf(contract: Node): Node[] {
    const found = new Map<unknown, Node>()
    for (const base of contract.linearizedBaseContracts as number[]) {
      for (const member of (this.get(base)?.nodes ?? []) as Node[]) {
        const { functionSelector: selector, nodeType, stateMutability: mutability } = member
        if (nodeType !== 'FunctionDefinition' || selector === undefined || found.has(selector)) continue
        if (mutability !== 'view' && mutability !== 'pure') found.set(selector, member)
      }
    }
    return [...found.values()]
  }

  /** Errors of the checks of the caller that a function makes, itself or in what it calls, and whether only under a condition. */
  checksOf(definition: Node, seen = new Set<number>()): Map<string, { isConditional: boolean }> {
    const checks = new Map<string, { isConditional: boolean }>()
    if (seen.has(definition.id)) return checks
    seen.add(definition.id)
    const names = callerNames(definition)
    const top = new Set(
      ((definition.body as { statements?: Node[] } | undefined)?.statements ?? []).map(({ id }) => id),
    )
    for (const node of walk([definition.modifiers, definition.body])) {
      if (node.nodeType === 'IfStatement' && comparesCaller(node.condition, names)) {
        for (const error of errorsOf(node.trueBody)) checks.set(error, { isConditional: !top.has(node.id) })
      }
      const role = accessRoleOf(node)
      if (role !== undefined) checks.set(role, { isConditional: false })
      if (isRequire(node) && comparesCaller(node.arguments, names)) checks.set('require', { isConditional: false })
      const target = this.#calledBy(node)
      if (target) for (const [error, check] of this.checksOf(target, seen)) checks.set(error, check)
    }
    return checks
  }

  /** The modifier or the function of this contract that a node names. */
  #calledBy(node: Node): Node | undefined {
    const isSuper = node.nodeType === 'MemberAccess' && (node.expression as Node).name === 'super'
    if (!isSuper && node.nodeType !== 'Identifier' && node.nodeType !== 'IdentifierPath') return undefined
    const target = this.get(node.referencedDeclaration)
    return target && ['FunctionDefinition', 'ModifierDefinition'].includes(target.nodeType) ? target : undefined
  }

  /** Text in which `{NAME}` of a constant is its value, and any other name is code. */
  withValues(text: string, contract: Node): string {
    const members = (contract.linearizedBaseContracts as number[]).flatMap(
      (base) => (this.get(base)?.nodes ?? []) as Node[],
    )
    return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const constant = members.find((member) => member.name === name && member.mutability === 'constant')
      return (constant && valueOf(constant)) ?? `\`${name}\``
    })
  }

  /** The tags of a function's NatSpec; what it does not say itself is that of the function it implements. */
  tagOf(definition: Node, tag: string): string | undefined {
    const text = definition.documentation?.text ?? ''
    const [, found] = new RegExp(`@${tag}\\s+([^]*?)(?=\\n\\s*@|$)`).exec(text) ?? []
    if (found !== undefined) return found.replaceAll(/\s+/g, ' ').trim()
    for (const base of (definition.baseFunctions ?? []) as number[]) {
      const node = this.get(base)
      const inherited = node && this.tagOf(node, tag)
      if (inherited !== undefined) return inherited
    }
    return undefined
  }
}

/** Whether an expression is the caller: `msg.sender`, `_msgSender()`, or a variable that holds it. */
function isCaller(value: unknown, names: ReadonlySet<number>): boolean {
  if (!isNode(value)) return false
  if (value.nodeType === 'MemberAccess')
    return value.memberName === 'sender' && (value.expression as Node).name === 'msg'
  if (value.nodeType === 'FunctionCall') return (value.expression as Node).name === '_msgSender'
  return value.nodeType === 'Identifier' && names.has(value.referencedDeclaration as number)
}

/** Variables of a function that were given the caller. */
function callerNames(definition: Node): Set<number> {
  const names = new Set<number>()
  for (const node of walk(definition.body)) {
    if (node.nodeType !== 'VariableDeclarationStatement' || !isCaller(node.initialValue, names)) continue
    for (const declared of node.declarations as Node[]) names.add(declared.id)
  }
  return names
}

/** Whether a condition depends on who the caller is: compares it, or looks it up. */
function comparesCaller(condition: unknown, names: ReadonlySet<number>): boolean {
  return [...walk(condition)].some((node) => {
    if (node.nodeType === 'IndexAccess') return isCaller(node.indexExpression, names)
    if (node.nodeType !== 'BinaryOperation') return false
    return isCaller(node.leftExpression, names) || isCaller(node.rightExpression, names)
  })
}

/** The role that a modifier of OpenZeppelin's access control asks for. */
function accessRoleOf({ nodeType, modifierName, arguments: args }: Node): string | undefined {
  if (nodeType !== 'ModifierInvocation' || !String((modifierName as Node).name).startsWith('onlyRole')) return undefined
  const [role] = args as Node[]
  return role?.name ?? (role?.expression as Node | undefined)?.name
}

/** Our contracts revert with errors of their own; a `require` that asks for the caller would go unseen, so it is refused. */
function isRequire(node: Node): boolean {
  return node.nodeType === 'FunctionCall' && isNode(node.expression) && node.expression.name === 'require'
}

function errorsOf(body: unknown): string[] {
  return [...walk(body)].flatMap((node) => {
    if (node.nodeType !== 'RevertStatement') return []
    const { name, memberName } = (node.errorCall as Node).expression as Node
    return [String(name ?? memberName)]
  })
}

function firstSentence(text: string): string {
  return text.split(/(?<=[.;:])\s/)[0]?.replace(/[.;:]$/, '') ?? text
}

/** Days, seconds or basis points as people read them. */
function valueOf({ name = '', value }: Node): string | undefined {
  if (!isNode(value) || value.nodeType !== 'Literal') return undefined
  const number = Number(String(value.value).replaceAll('_', ''))
  const unit = value.subdenomination
  if (typeof unit === 'string') return `${number} ${number === 1 ? unit.replace(/s$/, '') : unit}`
  return name.endsWith('_BPS') ? `${number / 100} %` : String(number)
}

function rowsOf(artifact: Artifact, tree: Tree): Row[] {
  const contract = RUNS_AS[artifact.contractName] ?? artifact.contractName
  const declared = tree.contractOf(artifact)
  return tree.functionsOf(declared).flatMap((definition) => {
    const { name = '' } = definition
    const where = `${artifact.contractName}.${name}`
    const who = [...tree.checksOf(definition)].flatMap(([error, { isConditional }]) => {
      const role = ROLES[error]
      if (role === undefined)
        throw new Error(`${where} asks who calls (${error}): scripts/lib/roles.ts does not know this role`)
      if (role === null) return []
      return [isConditional ? `${role}; in another case anyone` : role]
    })
    if (who.length === 0) return []
    const bound = tree.tagOf(definition, 'custom:bound') ?? PACKAGE_BOUNDS[name]
    const effect = tree.tagOf(definition, 'notice') ?? tree.tagOf(definition, 'dev')
    if (bound === undefined || effect === undefined)
      throw new Error(`${where} needs @notice and @custom:bound: it is privileged`)
    const caller = name === 'acceptOwnership' ? 'the owner to be' : [...new Set(who)].join(', ')
    return [{ contract, name, who: caller, effect: firstSentence(effect), bound: tree.withValues(bound, declared) }]
  })
}

/** The page as it should be. Throws where a function asks for a role that has no name here, or does not state its bounds. */
export function rolesPage(): string {
  const trees = new Map<string, Tree>()
  const rows = new Map<string, Row>()
  for (const artifact of deployable()) {
    const { buildInfoId: id } = artifact
    const tree = trees.get(id) ?? new Tree(id)
    trees.set(id, tree)
    for (const row of rowsOf(artifact, tree)) rows.set(`${row.contract}.${row.name}`, row)
  }
  const all = [...rows.values()].sort((a, b) => a.contract.localeCompare(b.contract, 'en'))
  const none = deployable()
    .map(({ contractName }) => contractName)
    .filter((name) => RUNS_AS[name] === undefined && all.every(({ contract }) => contract !== name))
  const cells = all.map(({ contract, name, who, effect, bound }) => [contract, `\`${name}\``, who, effect, bound])
  return [
    '# Who may do what',
    '',
    'Made by `npm run gen` of what the compiler says: every function that changes something and asks who calls it, beyond "is this your seat" or',
    '"is this your workload". What is not here, anyone may call. What the roles mean together is in the [trust model](trust-model.md).',
    '',
    `| ${['Contract', 'Function', 'Who', 'What', 'Bound'].join(' | ')} |`,
    '| --- | --- | --- | --- | --- |',
    ...cells.map((row) => `| ${row.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`),
    '',
    `Nobody has a privilege in: ${none.sort().join(', ')}.`,
    '',
  ].join('\n')
}
