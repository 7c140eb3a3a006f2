import { relative } from 'node:path'
import { defineCommand } from '../Command.js'
import { choice, integer, optionWithDefault, text } from '../parsers.js'

export const devnet = defineCommand({
  name: 'devnet',
  summary:
    'Run a local network: a chain, the contracts, an account with money, provers at work, and an example program',
  details:
    'For development: the keys of its accounts are public, so send nothing of worth to them on any chain. Needs the npm package @foundry-rs/anvil in the project. Every start is a new network; Ctrl-C stops it. With --json one line says where everything is, as does devnet.json in its directory.',
  options: {
    directory: optionWithDefault('path', text, '.gevulot/devnet', 'where its files go; a directory of its own'),
    port: optionWithDefault('number', integer(0, 65_535), 8545, 'port of the chain on this machine; 0: any free one'),
    provers: optionWithDefault('number', integer(1, 8), 3, 'provers, with one seat each'),
    runtime: optionWithDefault(
      'name',
      choice('bubblewrap', 'linux'),
      'bubblewrap',
      'what they run programs in: bubblewrap (namespaces, for programs you trust) or linux (a virtual machine)',
    ),
  },
  examples: ['devnet', 'devnet --port 0 --provers 1 --json'],
  async run({ options, context: { output, signal } }) {
    const { startDevnet } = await import('../../devnet/startDevnet.js')
    const devnet = await startDevnet({ ...options, signal, onProgress: (step) => output.doing(step) })
    try {
      const { info } = devnet
      const config = relative('.', info.config)
      const use = `--config ${config}`
      output.report(info, [
        output.paint('good', `A local network runs at ${info.rpcUrl}.`),
        ...output.facts([
          ['chain', String(info.chainId)],
          ['market', info.contracts.market],
          ['requester', `${info.requester.account}, key in ${relative('.', info.requester.keyFile)}`],
          ['deployment', relative('.', info.deployment)],
          ['program', `${info.program}  hashcash over public_inputs`],
          ...info.provers.map(({ name, operator, seat }) => [name, `${operator}, seat ${seat}`] as const),
        ]),
        '',
        'In another terminal:',
        `  head -c 32 /dev/urandom > words`,
        `  npx gevulot workload submit ${info.program} --input public_inputs=words --max-run-time 60 --deposit ${use}`,
        `  npx gevulot workload fetch <workload> --wait --out proof ${use}`,
        '',
        'Ctrl-C stops it.',
      ])
      await Promise.race([stopped(signal), devnet.failure.then((error) => Promise.reject(error))])
      output.doing('stopping')
    } finally {
      await devnet.stop()
    }
  },
})

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
