import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { promisify } from 'node:util'

/** Whether a program of this name is on the PATH, or at this path. */
export function isInstalled(tool: string): boolean {
  const places = tool.includes('/') ? ['/'] : (process.env['PATH'] ?? '').split(delimiter)
  return places.some((place) => {
    try {
      accessSync(resolve(place, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/**
 * Runs a compiler.
 * @param options `env` is added to the environment.
 * @throws Error with what it printed
 */
export async function compile(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  await promisify(execFile)(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } })
}
