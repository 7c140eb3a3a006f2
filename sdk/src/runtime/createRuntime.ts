import { runtimeError } from '../errors/codes/runtime.js'
import { BubblewrapRuntime, type BubblewrapOptions } from './bubblewrap/BubblewrapRuntime.js'
import { LinuxRuntime, type LinuxOptions } from './linux/LinuxRuntime.js'
import { NanosRuntime, type NanosOptions } from './nanos/NanosRuntime.js'
import type { Runtime, RuntimeName } from './Runtime.js'

/** Options of {@link createRuntime}; each runtime takes what concerns it. */
export type RuntimeOptions = BubblewrapOptions & LinuxOptions & NanosOptions

/**
 * The runtime of that name, or an error: never another one in its place. Source: design section 8.
 * @throws GevulotError RUNTIME_UNKNOWN
 */
export function createRuntime(name: RuntimeName, options: RuntimeOptions): Runtime {
  switch (name) {
    case 'bubblewrap':
      return new BubblewrapRuntime(options)
    case 'linux':
      return new LinuxRuntime(options)
    case 'nanos':
      return new NanosRuntime(options)
    default:
      throw runtimeError(
        'RUNTIME_UNKNOWN',
        `no runtime is called ${JSON.stringify(name)}; there are nanos, linux and bubblewrap`,
      )
  }
}
