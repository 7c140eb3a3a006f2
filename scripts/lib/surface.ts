/** What programs that import the SDK rely on: every public name with its type, as text that can be compared. */
import { join } from 'node:path'

import ts from 'typescript'

import { root } from './artifacts.js'
import { libraries } from './sdkEntries.js'

export const surfacePath = join(root, 'deployments/snapshots/sdk.txt')

/** Longer are only types that a schema of the API spells out, which its document holds. */
const LONGEST = 400

const FLAGS =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.WriteArrowStyleSignature |
  ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope

/** The text that the snapshot must have: of each entry point its names in order, of types their public members. */
export function surface(): string {
  const entries = libraries().map(({ subpath, source }) => ({ subpath, path: join(root, 'sdk', source) }))
  const { config } = ts.readConfigFile(join(root, 'sdk/tsconfig.json'), (path) => ts.sys.readFile(path)) as { config: unknown } // prettier-ignore
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, 'sdk'))
  const program = ts.createProgram(entries.map(({ path }) => path), { ...options, noEmit: true }) // prettier-ignore
  const checker = program.getTypeChecker()
  const parts = entries.map(({ subpath, path }) => {
    const file = program.getSourceFile(path)
    const module = file && checker.getSymbolAtLocation(file)
    if (file === undefined || module === undefined) throw new Error(`${path} exports nothing`)
    const names = checker.getExportsOfModule(module).toSorted(byName)
    const lines = names.flatMap((name) => linesOf(checker, name, file)).map(cut)
    return `@gevulot/sdk${subpath.slice(1)}\n${lines.map((line) => `  ${line}\n`).join('')}`
  })
  return parts.join('\n')
}

function linesOf(checker: ts.TypeChecker, exported: ts.Symbol, at: ts.Node): string[] {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  const write = (type: ts.Type, flags = FLAGS): string => checker.typeToString(type, at, flags)
  const membersOf = (type: ts.Type): string[] =>
    type.getProperties().filter(isPublic).toSorted(byName).map((member) => {
      const optional = member.flags & ts.SymbolFlags.Optional ? '?' : ''
      return `  ${member.name}${optional}: ${write(checker.getTypeOfSymbolAtLocation(member, at))}`
    }) // prettier-ignore
  // What the contracts' ABI says is in their own snapshots.
  const isGenerated = symbol.declarations?.every((one) => one.getSourceFile().fileName.includes('/generated/'))
  if (symbol.flags & ts.SymbolFlags.Class) {
    const made = checker.getTypeOfSymbolAtLocation(symbol, at).getConstructSignatures()
    const constructors = made.map((one) => `  new ${checker.signatureToString(one, at, FLAGS)}`)
    const type = checker.getDeclaredTypeOfSymbol(symbol)
    const statics = membersOf(checker.getTypeOfSymbolAtLocation(symbol, at)).filter((line) => !/^ {2}prototype\b/.test(line)) // prettier-ignore
    return [`class ${exported.name}`, ...(isGenerated ? [] : [...constructors, ...statics.map((line) => `  static ${line.trim()}`), ...membersOf(type)])] // prettier-ignore
  }
  if (symbol.flags & ts.SymbolFlags.Interface) {
    return [`interface ${exported.name}`, ...(isGenerated ? [] : membersOf(checker.getDeclaredTypeOfSymbol(symbol)))]
  }
  if (symbol.flags & ts.SymbolFlags.TypeAlias) {
    const type = checker.getDeclaredTypeOfSymbol(symbol)
    return [`type ${exported.name} = ${isGenerated ? '…' : write(type, FLAGS | ts.TypeFormatFlags.InTypeAlias)}`]
  }
  const type = checker.getTypeOfSymbolAtLocation(symbol, at)
  return [`${symbol.flags & ts.SymbolFlags.Function ? 'function' : 'const'} ${exported.name}: ${write(type)}`]
}

function cut(line: string): string {
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}

function isPublic(member: ts.Symbol): boolean {
  if (member.name.startsWith('__@') || member.name.startsWith('#')) return false
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  return !(member.declarations ?? []).some((one) => ts.getCombinedModifierFlags(one) & hidden)
}

function byName(one: ts.Symbol, other: ts.Symbol): number {
  return one.name < other.name ? -1 : 1
}
