import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Gpu } from '../../sdk/src/runtime/index.js'

/** A device of a {@link FakeMachine}. */
export interface FakeDevice {
  /** By default a card's, VGA. */
  readonly class?: string
  /** `null`: there is no IOMMU. */
  readonly group?: number | null
  /** `null`: nobody drives it. */
  readonly driver?: string | null
  /** Whether `/dev/vfio/<group>` is there; by default it is. */
  readonly open?: boolean
}

export function fakeGpu(address: string, group: number): Gpu {
  return { address, group: String(group) }
}

/** `/sys` and `/dev` of a machine with devices of one's choice, as much of them as VFIO needs. */
export class FakeMachine {
  readonly root: string

  constructor(root: string) {
    this.root = root
    mkdirSync(join(root, 'sys/bus/pci/devices'), { recursive: true })
    mkdirSync(join(root, 'dev/vfio'), { recursive: true })
    writeFileSync(join(root, 'dev/vfio/vfio'), '')
    mkdirSync(join(root, 'proc/self'), { recursive: true })
    this.lockedMemory('unlimited')
  }

  /** The limit of memory that our process may lock. */
  lockedMemory(limit: string): void {
    const lines = [
      'Max processes             96429                96429                processes ',
      `Max locked memory         ${limit}            ${limit}            bytes     `,
    ]
    writeFileSync(join(this.root, 'proc/self/limits'), lines.join('\n'))
  }

  /** Puts a device on the bus; by default a card that can be given away. */
  card(address: string, { class: kind = '0x030000', group = 0, driver = 'vfio-pci', open = true }: FakeDevice): void {
    // As in the kernel: the bus has links to the devices, and a device has links to its driver and its group.
    const device = join(this.root, 'sys/devices', address)
    mkdirSync(device, { recursive: true })
    symlinkSync(join('../../../devices', address), join(this.root, 'sys/bus/pci/devices', address))
    writeFileSync(join(device, 'class'), `${kind}\n`)
    writeFileSync(join(device, 'vendor'), '0x10de\n')
    writeFileSync(join(device, 'device'), '0x2204\n')
    if (driver !== null) symlinkSync(`../../bus/pci/drivers/${driver}`, join(device, 'driver'))
    if (group === null) return
    const members = join(this.root, 'sys/kernel/iommu_groups', String(group), 'devices')
    mkdirSync(members, { recursive: true })
    symlinkSync(join('../../../../devices', address), join(members, address))
    symlinkSync(`../../kernel/iommu_groups/${group}`, join(device, 'iommu_group'))
    if (open) writeFileSync(join(this.root, 'dev/vfio', String(group)), '')
  }
}
