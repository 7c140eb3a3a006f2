import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { LinuxGuest } from '../../sdk/src/runtime/linux/LinuxGuest.js'
import { closedKvm } from '../../sdk/src/runtime/microvm/accel.js'
import type { Runtime } from '../../sdk/src/runtime/Runtime.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { assertRuntime } from '../../sdk/src/worker/run/workerRuntime.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

describe('runtime: linux: kernel', () => {
  const directory = useTemporaryDirectory()

  it('looks again when an upgrade has removed the one that was found', async () => {
    const places = { boot: join(directory(), 'boot'), modules: join(directory(), 'modules') }
    const kernelOf = (release: string): string => join(places.boot, `vmlinuz-${release}`)
    mkdirSync(places.boot)
    const install = (release: string): void => {
      const modules = join(places.modules, release)
      mkdirSync(modules, { recursive: true })
      writeFileSync(kernelOf(release), 'a kernel')
      writeFileSync(join(modules, 'modules.dep'), '')
      const builtin = ['virtio_mmio', 'virtio_blk', 'erofs'].map((name) => `kernel/${name}.ko\n`)
      writeFileSync(join(modules, 'modules.builtin'), builtin.join(''))
    }
    const [older, newer] = ['6.1.0-9-cloud-amd64', '6.1.0-10-cloud-amd64']
    const guest = new LinuxGuest(join(directory(), 'cache'), places)
    const found = async (): Promise<string | undefined> => (await guest.find()).details['kernel']
    install(older)
    expect(await found()).to.equal(older)
    install(newer)
    // What boots is not changed without need.
    expect(await found()).to.equal(older)
    rmSync(kernelOf(older))
    expect(await found()).to.equal(newer)
    rmSync(join(directory(), 'cache'), { recursive: true })
    expect(await found()).to.equal(newer)
    rmSync(kernelOf(newer))
    await rejected(guest.find(), 'RUNTIME_UNAVAILABLE')
    install(older)
    expect(await found()).to.equal(older)
  })
})

describe('runtime: KVM that cannot be opened', () => {
  const directory = useTemporaryDirectory()

  it('is told with what to do, by the log too; one that is not there is not', async () => {
    // Of a kind that is there and opens for nobody.
    const closed = await closedKvm(directory())
    expect(closed)
      .to.match(/is there and cannot be opened \(EISDIR\)/)
      .and.include('group kvm')
    expect(await closedKvm(join(directory(), 'missing'))).to.equal(undefined)
    writeFileSync(join(directory(), 'open'), '')
    expect(await closedKvm(join(directory(), 'open'))).to.equal(undefined)

    const lines: string[] = []
    const log = jsonLogger({ level: 'info', write: (line) => lines.push(line), now: () => 0 })
    const checked = { available: true, details: {}, warning: closed } as const
    await assertRuntime({ name: 'linux', check: () => Promise.resolve(checked) } as unknown as Runtime, log)
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).to.deep.equal(['info', 'warn'])
    expect(lines[1]).to.include('EISDIR')
  })
})
