import { cliError } from '../../errors/codes/cli.js'
import { DEFAULT_LIMITS } from '../../relay/gasOfActs.js'
import { defineCommand } from '../Command.js'
import { address, flag, integer, manyOption, optionWithDefault, text } from '../parsers.js'

const GWEI = 1_000_000_000n

export const relayServe = defineCommand({
  name: 'relay serve',
  summary: 'Pay for the gas of acts that others have signed',
  details:
    'For workers and validators whose key has no gas money: they name this server in `relays`. It carries out acts of seats and keepers, for the accounts of --account only, within the limits below, and simulates each before it sends it. The configured key pays; use one of its own. Ends cleanly on Ctrl-C or SIGTERM. Put it behind a server that speaks TLS.',
  options: {
    account: manyOption('account', address, 'an account whose acts are carried out; repeat it'),
    data: optionWithDefault('directory', text, '.gevulot/relay', 'what was sent; belongs to this server alone'),
    host: optionWithDefault('address', text, '127.0.0.1', 'where it listens'),
    port: optionWithDefault('number', integer(0, 65_535), 8547, '0: any free one'),
    maxGas: optionWithDefault(
      'gas',
      integer(100_000, 100_000_000),
      Number(DEFAULT_LIMITS.maxGas),
      'most gas of one act',
    ),
    gasPerDay: optionWithDefault(
      'gas',
      integer(100_000, 10 ** 12),
      Number(DEFAULT_LIMITS.gasPerDay),
      'most gas of one account within any 24 hours',
    ),
    actsPerMinute: optionWithDefault('number', integer(1, 10_000), 60, 'most acts of one account in a minute'),
    behindProxy: flag('the address of a caller is the last in X-Forwarded-For, written by the server before this one'),
    maxFeeGwei: optionWithDefault('gwei', integer(1, 1_000_000), 200, 'highest fee per gas it ever offers'),
  },
  examples: ['relay serve --account 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --key-file relay.key'],
  async run({ options, context }) {
    const { output, signal, environment } = context
    if (options.account.length === 0) throw cliError('CLI_USAGE', 'name at least one --account to serve')
    const { startRelay } = await import('../../relay/startRelay.js')
    const { jsonLogger } = await import('../../worker/log/Logger.js')
    const { redactor } = await import('../../worker/log/redactor.js')
    const { Secret } = await import('../../worker/config/Secret.js')
    const { readKey } = await import('../readKey.js')
    const { placesIn } = await import('../openClient.js')
    const { EndpointProvider } = await import('../../chain/rpc/EndpointProvider.js')
    const { endpointLog } = await import('../../worker/chain/openProvider.js')
    const keyFile = await context.setting('keyFile')
    const { contracts, clock, settings } = await context.reader()
    const key = new Secret((await readKey(keyFile, context)).privateKey)
    const rpcUrl = new Secret(await context.setting('rpcUrl'))
    const rpcFallbacks = placesIn((await context.settings()).rpcFallbacks).map((url) => new Secret(url))
    const log = jsonLogger({
      level: environment['GEVULOT_LOG_LEVEL'] === 'debug' ? 'debug' : 'info',
      write: (line) => output.log(line),
      now: () => clock.now(),
      redact: redactor([key], [rpcUrl, ...rpcFallbacks]),
    })
    if (contracts.provider instanceof EndpointProvider) contracts.provider.onEvent = endpointLog(log)
    const relay = await startRelay({
      ...{ contracts, clock, key, directory: options.data, host: options.host, port: options.port },
      limits: {
        ...{ accounts: options.account, maxGas: BigInt(options.maxGas), gasPerDay: BigInt(options.gasPerDay) },
        actsPerMinute: options.actsPerMinute,
      },
      maxFee: BigInt(options.maxFeeGwei) * GWEI,
      pollMs: settings.pollMs,
      behindProxy: options.behindProxy,
      log,
    })
    try {
      output.report({ url: relay.url, account: relay.account, accounts: options.account }, [
        output.paint('good', `Signed acts are taken at ${relay.url}.`),
        ...output.facts([
          ['pays', relay.account],
          ['serves', options.account.join(', ')],
        ]),
      ])
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
      output.doing('stopping')
    } finally {
      await relay.stop()
    }
  },
})
