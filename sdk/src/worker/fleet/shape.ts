import type { ProgramResources } from '../../content/index.js'
import { TASK_FORMAT } from './migrations.js'

/** What a task needs of its runner. Each shape has a queue of its own, so a runner takes only what it has room for now. */
export type Shape = Required<ProgramResources>

// A runner does not even see what it cannot read.
const PREFIX = `prove-${TASK_FORMAT}`
const NAME = new RegExp(`^${PREFIX}\\.c(\\d{1,9})\\.m(\\d{1,9})\\.o(\\d{1,9})\\.g(\\d{1,9})$`)

/** Name of the queue of a shape. */
export function queueOf({ cores, memoryMiB, outputMiB, gpus }: Shape): string {
  return `${PREFIX}.c${cores}.m${memoryMiB}.o${outputMiB}.g${gpus}`
}

/** The shape that a queue's name says; undefined if it is none of ours, or of another version. */
export function shapeOf(queue: string): Shape | undefined {
  const [, ...numbers] = NAME.exec(queue) ?? []
  const [cores, memoryMiB, outputMiB, gpus] = numbers.map(Number)
  if (cores === undefined || memoryMiB === undefined || outputMiB === undefined || gpus === undefined) return undefined
  return { cores, memoryMiB, outputMiB, gpus }
}
