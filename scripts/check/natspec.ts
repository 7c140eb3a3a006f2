import type { AstNode } from '../lib/artifacts.js'
import { locationOf, sourceContracts, type MemberNode } from '../lib/ast.js'

function isPublic({ nodeType, kind, visibility }: MemberNode): boolean {
  if (nodeType !== 'FunctionDefinition') return false
  return kind === 'function' && (visibility === 'external' || visibility === 'public')
}

function missingParameters(member: MemberNode, text: string): string[] {
  const names = (member.parameters?.parameters ?? []).flatMap(({ name = '' }) => (name === '' ? [] : [name]))
  const missing = names.filter((name) => !new RegExp(`@param\\s+${name}\\b`).test(text)).map((name) => `@param ${name}`)
  const returned = member.returnParameters?.parameters.length ?? 0
  const described = text.match(/@return\b/g)?.length ?? 0
  return described < returned ? [...missing, '@return'] : missing
}

function missingTags(member: MemberNode, inInterface: boolean): string[] {
  const text = member.documentation?.text ?? ''
  if (text.includes('@inheritdoc') || (text === '' && (member.baseFunctions?.length ?? 0) > 0)) return []
  const described = isPublic(member) || ['EventDefinition', 'ErrorDefinition'].includes(member.nodeType)
  if (!described || (!inInterface && !isPublic(member))) return []
  const notice = /@notice\b|^\s*[^@\s]/.test(text) ? [] : ['@notice']
  return inInterface && isPublic(member) ? [...notice, ...missingParameters(member, text)] : notice
}

function problem(path: string, node: AstNode, missing: readonly string[]): string[] {
  return missing.length === 0 ? [] : [`${locationOf(path, node)} ${node.name} lacks ${missing.join(', ')}`]
}

/**
 * Every contract has a title and every public function a sentence. The interfaces are the manual: there every error
 * and event has one too, and every parameter and result is explained.
 */
export function natspec(): string[] {
  return sourceContracts().flatMap(({ path, contract }) => {
    const title = contract.documentation?.text.includes('@title') === true ? [] : ['@title']
    const inInterface = path.startsWith('contracts/interfaces/')
    return [
      ...problem(path, contract, title),
      ...contract.nodes.flatMap((member) => problem(path, member, missingTags(member, inInterface))),
    ]
  })
}
