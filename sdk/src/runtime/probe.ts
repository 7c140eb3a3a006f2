import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { digestOf, hexOf, type PackageManifest } from '../content/index.js'
import type { Runtime } from './Runtime.js'
import type { RunOutcome } from './RunOutcome.js'

const ENTRY = 0x400078

/** Runs the smallest possible program in a runtime; `valid` means that all of the runtime works. */
export async function probe(runtime: Pick<Runtime, 'run'>, workDirectory: string, seconds = 10): Promise<RunOutcome> {
  const directory = await mkdtemp(join(workDirectory, 'gevulot-probe-'))
  try {
    const elf = smallestElf()
    const files = join(directory, 'files')
    await mkdir(files)
    await writeFile(join(files, 'probe'), elf)
    await Promise.all([chmod(files, 0o755), chmod(join(files, 'probe'), 0o555)])
    const resources = { cores: 1, memoryMiB: 64, outputMiB: 1 }
    const manifest: PackageManifest = {
      schema: 'gevulot/package@1',
      name: 'probe',
      role: 'verify',
      argv: ['/app/probe'],
      env: {},
      resources,
      files: [{ path: 'probe', sha256: hexOf(digestOf(elf)), size: elf.length, mode: '0755' }],
      labels: [],
      command: { outputs: {}, exit: { 0: 'valid' } },
    }
    return await runtime.run({
      package: { digest: digestOf(elf), manifest, directory, files },
      inputs: [],
      args: [],
      role: 'verify',
      workload: '0x',
      prover: '0x',
      limits: { ...resources, seconds, logBytes: 65_536 },
      outputDirectory: directory,
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Whether a probe only took too long: then the machine may have been busy, as after it was started, and not set up wrongly. */
export function isLate(outcome: RunOutcome): boolean {
  return outcome.kind === 'timeout' || (outcome.kind === 'runtime-failed' && outcome.isLate === true)
}

/** The first line a command prints, or undefined if it is not there or fails. */
export async function probeCommand(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { timeout: 10_000 })
    return stdout.split('\n')[0]
  } catch {
    return undefined
  }
}

/** A static x86-64 program of 129 bytes that does nothing but exit(0), so that a probe needs no compiler. */
function smallestElf(): Buffer {
  const code = Buffer.from('31ffb83c0000000f05', 'hex') // xor edi, edi; mov eax, 60 (exit); syscall
  const elf = Buffer.alloc(0x78 + code.length)
  elf.write('\x7fELF\x02\x01\x01', 'latin1')
  elf.writeUInt16LE(2, 0x10) // an executable
  elf.writeUInt16LE(62, 0x12) // for x86-64
  elf.writeUInt32LE(1, 0x14)
  elf.writeBigUInt64LE(BigInt(ENTRY), 0x18)
  elf.writeBigUInt64LE(0x40n, 0x20) // program headers follow this header
  elf.writeUInt16LE(0x40, 0x34)
  elf.writeUInt16LE(0x38, 0x36)
  elf.writeUInt16LE(1, 0x38) // one of them:
  elf.writeUInt32LE(1, 0x40) // load
  elf.writeUInt32LE(5, 0x44) // readable, executable
  elf.writeBigUInt64LE(BigInt(ENTRY - 0x78), 0x50)
  elf.writeBigUInt64LE(BigInt(ENTRY - 0x78), 0x58)
  elf.writeBigUInt64LE(BigInt(elf.length), 0x60)
  elf.writeBigUInt64LE(BigInt(elf.length), 0x68)
  elf.writeBigUInt64LE(0x1000n, 0x70)
  code.copy(elf, 0x78)
  return elf
}
