import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Options of {@link spawnAnvil}. */
export interface SpawnAnvilOptions {
  /** The binary itself: the wrapper of the package would leave its child behind when it is killed. See {@link findAnvil}. */
  readonly binary: string
  readonly args: readonly string[]
  readonly stdio: StdioOptions
  /** A process group of its own: Ctrl-C at a terminal does not reach it. */
  readonly detached?: boolean
}

/**
 * Starts a local chain as a process that ends with this one, at the latest. Anvil writes the state after every block to its user's home and leaves it
 * there (gigabytes in an hour at a block a second); here the states lie in a folder of the chain's own, which goes with it.
 */
export function spawnAnvil({ binary, args, stdio, detached = false }: SpawnAnvilOptions): ChildProcess {
  const states = mkdtempSync(join(tmpdir(), 'gevulot-chain-'))
  const child = spawn(binary, [...args, '--cache-path', states], { stdio, detached })
  const remove = (): void => rmSync(states, { recursive: true, force: true })
  const end = (): void => {
    child.kill('SIGKILL')
    remove()
  }
  process.once('exit', end)
  const ended = (): void => {
    process.off('exit', end)
    remove()
  }
  child.once('exit', ended)
  child.once('error', ended)
  return child
}
