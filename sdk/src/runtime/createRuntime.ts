import { runtimeError } from '../errors/codes/runtime.js'
import { BubblewrapRuntime, type BubblewrapOptions } from './bubblewrap/BubblewrapRuntime.js'
import { LinuxGuest } from './linux/LinuxGuest.js'
import { MicrovmRuntime, type MicrovmOptions } from './microvm/MicrovmRuntime.js'
import { NanosGuest } from './nanos/NanosGuest.js'
import type { NanosKernelOptions } from './nanos/nanosKernel.js'
import type { Runtime, RuntimeName } from './Runtime.js'

/** Options of {@link createRuntime}; each runtime takes what concerns it. */
export interface RuntimeOptions extends BubblewrapOptions, MicrovmOptions, NanosKernelOptions {
  /** Where what a guest system boots from is kept; the package cache is a good place. */
  readonly cacheDirectory: string
}

/**
 * The runtime of that name, or an error: never another one in its place. Source: design section 8.
 * @throws GevulotError RUNTIME_UNKNOWN
 */
export function createRuntime(name: RuntimeName, options: RuntimeOptions): Runtime {
  switch (name) {
    case 'bubblewrap':
      return new BubblewrapRuntime(options)
    case 'linux':
      return new MicrovmRuntime(new LinuxGuest(options.cacheDirectory), options)
    case 'nanos':
      return new MicrovmRuntime(new NanosGuest(options), options)
    default:
      throw runtimeError(
        'RUNTIME_UNKNOWN',
        `no runtime is called ${JSON.stringify(name)}; there are nanos, linux and bubblewrap`,
      )
  }
}
