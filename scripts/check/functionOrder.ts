import { locationOf, sourceContracts, type MemberNode } from '../lib/ast.js'

/** House order of a contract's members. Views stand where they help the reader, so they have no rank. */
function rankOf(member: MemberNode): number | undefined {
  switch (member.nodeType) {
    case 'VariableDeclaration':
      return member.mutability === 'mutable' ? 2 : 1
    case 'ModifierDefinition':
      return 3
    case 'FunctionDefinition': {
      if (member.kind === 'constructor') return 3
      if (member.stateMutability === 'view' || member.stateMutability === 'pure') return undefined
      return member.visibility === 'external' || member.visibility === 'public' ? 4 : 5
    }
    default:
      return undefined
  }
}

const NAMES = ['', 'constants and immutables', 'state', 'the constructor and modifiers', 'entry points', 'helpers']

/** Constants and immutables, state, constructor and modifiers, entry points by stage, then internal helpers. */
export function functionOrder(): string[] {
  return sourceContracts().flatMap(({ path, contract }) => {
    let highest = 0
    return contract.nodes.flatMap((member) => {
      const rank = rankOf(member)
      if (rank === undefined) return []
      const late = rank < highest
      highest = Math.max(highest, rank)
      if (!late) return []
      const name = member.name === undefined || member.name === '' ? 'the constructor' : member.name
      return [`${locationOf(path, member)} ${name} must stand before ${NAMES[highest]}`]
    })
  })
}
