import { access, constants, readdir, readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** A graphics card of this machine. */
export interface Gpu {
  /** Where it is on the bus, for example `0000:01:00.0`. */
  readonly address: string
  /** Its IOMMU group: what can only be given away together. `/dev/vfio/<group>` stands for it. */
  readonly group: string
}

/** A card, and whether a virtual machine can have it. */
export type GpuFinding = { readonly address: string; readonly id: string } & (
  { readonly ready: true; readonly gpu: Gpu } | { readonly ready: false; readonly reason: string; readonly fix: string }
)

/** PCI's name of a device: domain, bus, device, function. */
export const PCI_ADDRESS = /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/

/** Classes of PCI: display controllers; bridges, which stay with the host and give nothing away. */
const DISPLAY = /^0x03/
const BRIDGE = /^0x06/
const DRIVER = 'vfio-pci'

/**
 * Looks at the bus for graphics cards, and for each whether VFIO can give it away: an IOMMU, the driver `vfio-pci` on all of its group,
 * a group that we may open,
 * and memory that we may lock. Nothing is changed.
 * @param root Where `/sys`, `/dev` and `/proc` are looked for.
 */
export async function findGpus(root = '/'): Promise<GpuFinding[]> {
  const bus = join(root, 'sys/bus/pci/devices')
  const addresses = (await readdir(bus).catch(() => [])).filter((name) => PCI_ADDRESS.test(name)).sort()
  const findings: GpuFinding[] = []
  for (const address of addresses) {
    if (!DISPLAY.test(await attribute(bus, address, 'class'))) continue
    const id = `${await attribute(bus, address, 'vendor')}:${await attribute(bus, address, 'device')}`
    findings.push({ address, id, ...(await stateOf(root, bus, address)) })
  }
  return findings
}

async function stateOf(
  root: string,
  bus: string,
  address: string,
): Promise<{ ready: true; gpu: Gpu } | { ready: false; reason: string; fix: string }> {
  const group = await linkName(join(bus, address, 'iommu_group'))
  if (group === undefined || !/^\d+$/.test(group))
    return {
      ready: false,
      reason: 'it is in no IOMMU group',
      fix: 'Turn on the IOMMU in the firmware (VT-d, AMD-Vi) and in the kernel (intel_iommu=on).',
    }
  const members = (await readdir(join(root, 'sys/kernel/iommu_groups', group, 'devices')).catch(() => [])).sort()
  for (const member of members.length === 0 ? [address] : members) {
    if (BRIDGE.test(await attribute(bus, member, 'class'))) continue
    const driver = await linkName(join(bus, member, 'driver'))
    // A neighbour without a driver is in nobody's hands.
    if (driver === DRIVER || (driver === undefined && member !== address)) continue
    return {
      ready: false,
      reason: `${member === address ? 'it' : `its neighbour ${member}`} is in the hands of ${driver ?? 'no driver'}`,
      fix: `Give ${member} to ${DRIVER}: driverctl set-override ${member} ${DRIVER}`,
    }
  }
  for (const device of ['/dev/vfio/vfio', `/dev/vfio/${group}`]) {
    const usable = await access(join(root, device), constants.R_OK | constants.W_OK).then(() => true, () => false) // prettier-ignore
    if (!usable)
      return {
        ready: false,
        reason: `${device} cannot be used`,
        fix: 'Load the module vfio-pci, and give the group to the user of the worker with a rule of udev.',
      }
  }
  if (!(await mayLockMemory(root)))
    return {
      ready: false,
      reason: 'a machine with it may not lock its memory',
      fix: 'Lift the limit of locked memory: LimitMEMLOCK=infinity in the unit of systemd, or memlock in limits.conf.',
    }
  return { ready: true, gpu: { address, group } }
}

/** A card reaches the guest's memory by itself, so all of that stays where it is. */
async function mayLockMemory(root: string): Promise<boolean> {
  const limits = await readFile(join(root, 'proc/self/limits'), 'latin1').catch(() => '')
  return /^Max locked memory\s+unlimited\s/m.test(limits)
}

async function attribute(bus: string, address: string, name: string): Promise<string> {
  return (await readFile(join(bus, address, name), 'latin1').catch(() => '')).trim()
}

async function linkName(path: string): Promise<string | undefined> {
  return readlink(path).then((target) => basename(target), () => undefined) // prettier-ignore
}
