/** Walks the compiler's syntax trees of our own contracts. */
import { artifacts, compilerOutput, type AstNode } from './artifacts.js'
import { read } from './files.js'

export interface ContractNode extends AstNode {
  readonly contractKind: 'contract' | 'interface' | 'library'
  readonly nodes: readonly MemberNode[]
}

export interface MemberNode extends AstNode {
  /** Of functions: constructor, function, receive or fallback. */
  readonly kind?: string
  readonly visibility?: 'external' | 'public' | 'internal' | 'private'
  readonly stateMutability?: string
  readonly mutability?: 'mutable' | 'immutable' | 'constant'
  readonly baseFunctions?: readonly number[]
}

export interface SourceContract {
  readonly path: string
  readonly contract: ContractNode
}

/** Every contract, interface and library of `contracts/`, in the order of the files. */
export function sourceContracts(): SourceContract[] {
  const sources = new Map(artifacts().map((artifact) => [artifact.sourceName, artifact]))
  return [...sources].flatMap(([path, { inputSourceName, buildInfoId }]) => {
    const nodes = compilerOutput(buildInfoId).sources[inputSourceName]?.ast.nodes ?? []
    return nodes
      .filter(({ nodeType }) => nodeType === 'ContractDefinition')
      .map((contract) => ({ path, contract: contract as ContractNode }))
  })
}

/** `path:line` of a node, for messages. */
export function locationOf(path: string, node: AstNode): string {
  const offset = Number(node.src.split(':')[0])
  const line = Buffer.from(read(path)).subarray(0, offset).toString().split('\n').length
  return `${path}:${line}`
}
