import type { RegistryEvent } from './events.js'

/**
 * The active set of a class, position by position, after the given registry events. For the set a draw used, pass the events
 * of blocks older than the start of the draw's epoch (genesis + (epoch − 1) · epoch length): joins and leaves count from
 * the next one. Mirrors `ProverRegistry._enter` and `_exit`, so that anyone can audit a draw.
 * @param events All Staked, Joined, Left, Dropped and Slashed events of the registry, in order.
 */
export function activeSetAfter(events: Iterable<RegistryEvent>, hardwareClass: number): number[] {
  const positions: number[] = []
  const members = new Set<number>()
  for (const event of events) {
    switch (event.name) {
      case 'Staked':
        if (event.args.class === hardwareClass) members.add(event.args.seat)
        break
      case 'Joined':
        if (members.has(event.args.seat)) positions.push(event.args.seat)
        break
      case 'Left':
      case 'Dropped':
      case 'Slashed':
        remove(positions, event.args.seat)
        break
      default:
        break
    }
  }
  return positions
}

/** The last seat moves to the place of the one that goes. */
function remove(positions: number[], seat: number): void {
  const place = positions.indexOf(seat)
  const last = positions.pop()
  if (place < 0 && last !== undefined) positions.push(last)
  else if (last !== undefined && place < positions.length) positions[place] = last
}
