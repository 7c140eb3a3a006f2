import { defineCommand } from '../Command.js'
import { formatBytes } from '../format.js'
import { argument, requiredOption, sha256, text } from '../parsers.js'

export const nanosInstall = defineCommand({
  name: 'nanos install',
  summary: 'Put a kernel of Nanos where the runtime nanos finds it',
  details:
    'From a URL or a file: a kernel.img, or a release (.tar.gz) that holds one. Nothing is installed that has not the digest; an interrupted download is gone on with. Prints the digest of the kernel, which a worker wants in nanosKernelSha256.',
  args: { source: argument(text, 'URL or path') },
  options: { sha256: requiredOption('digest', sha256, 'what the file at the source must have, 64 hexadecimal digits') },
  examples: ['nanos install ./nanos-release-linux-0.1.54.tar.gz --sha256 9f…e2'],
  async run({ args, options, context }) {
    const { installNanosKernel } = await import('../../runtime/nanos/installNanosKernel.js')
    const { installedKernelPath } = await import('../../runtime/nanos/nanosKernel.js')
    let told = 0
    const kernel = await installNanosKernel({
      source: args.source,
      sha256: options.sha256,
      path: installedKernelPath(context.environment),
      signal: context.signal,
      onProgress: ({ received, total }) => {
        if (received < told) return
        told = received + 4 * 2 ** 20
        context.output.doing(`${formatBytes(received)}${total === undefined ? '' : ` of ${formatBytes(total)}`}`)
      },
    })
    const elsewhere = context.environment['NANOS_KERNEL']
    return {
      json: kernel,
      text: [
        ...context.output.facts([
          ['kernel', kernel.path],
          ['sha-256', kernel.sha256],
        ]),
        `In the configuration of a worker: "runtime": "nanos", "nanosKernelSha256": "${kernel.sha256}"`,
        ...(elsewhere ? [`NANOS_KERNEL is set, and ${elsewhere} is used instead.`] : []),
      ],
    }
  },
})
