import { cliError } from '../../errors/codes/cli.js'
import { defineCommand } from '../Command.js'
import type { Context } from '../Context.js'
import { flag, integer, manyOption, option, optionWithDefault, text } from '../parsers.js'

export const apiServe = defineCommand({
  name: 'api serve',
  summary: 'Serve the network over HTTP with an explorer, and submit on behalf of API keys',
  details:
    'With a key file and a store it submits requests of API keys and pays for them (proxy mode); without a key file it only reads. Ends cleanly on Ctrl-C or SIGTERM; what it accepted is submitted after the next start. Put it behind a server that speaks TLS. DATABASE_URL in the environment names a Postgres server that keeps its state, in the place of the embedded database.',
  options: {
    data: optionWithDefault(
      'directory',
      text,
      '.gevulot/api',
      'keys and accepted requests; belongs to this server alone',
    ),
    host: optionWithDefault('address', text, '127.0.0.1', 'where it listens'),
    port: optionWithDefault('number', integer(0, 65_535), 8546, '0: any free one'),
    origin: manyOption('origin', text, "origin whose pages may call it from a browser, or '*' for any; repeat it"),
    inbox: option(
      'directory',
      text,
      'where provers leave sealed results; without it requests are answered once they are revealed',
    ),
    contentUri: option('url', text, 'where provers reach its /v1/content/; without it they share the store'),
    inputsPerDay: optionWithDefault('MiB', integer(0, 2 ** 24), 8_192, 'inputs taken without a key within 24 hours'),
    keepInputs: optionWithDefault(
      'days',
      integer(0, 3_650),
      7,
      'until those are removed, after the end of their workload',
    ),
    noExplorer: flag('serve the API alone, without the explorer'),
    readOnly: flag('submit for nobody, although there is a key'),
    privateWebhooks: flag("let webhooks go to addresses of the server's own network, and without TLS"),
    behindProxy: flag('the address of a caller is the last in X-Forwarded-For, written by the server before this one'),
    readySeconds: optionWithDefault(
      'seconds',
      integer(1, 86_400),
      120,
      'without a new block, after which /ready says no',
    ),
    noDeposit: flag("do not top up the balance in the market from the account's tokens"),
  },
  sends: true,
  examples: ['api serve', 'api serve --port 8080 --origin https://app.example.org'],
  async run({ options, context }) {
    const { output, signal, environment } = context
    const { startApi } = await import('../../api/server/startApi.js')
    const { DirectoryInbox } = await import('../../client/delivery/DirectoryInbox.js')
    const { jsonLogger } = await import('../../worker/log/Logger.js')
    const { EndpointProvider } = await import('../../chain/rpc/EndpointProvider.js')
    const { endpointLog } = await import('../../worker/chain/openProvider.js')
    const { ownVersion } = await import('../../ownVersion.js')
    const databaseUrl = databaseOf(environment)
    const { keyFile, store } = await context.settings()
    const proxy = keyFile !== undefined && !options.readOnly
    if (proxy && (store === undefined || /^(https?|ipfs):/.test(store))) {
      throw cliError(
        'CLI_SETTING_MISSING',
        'proxy mode needs --store, GEVULOT_STORE, or store in gevulot.json: one that can be written',
      )
    }
    const client = proxy ? await context.client() : await context.reader()
    const level = environment['GEVULOT_LOG_LEVEL'] === 'debug' ? 'debug' : 'info'
    const log = jsonLogger({ level, write: (line) => output.log(line), now: () => client.clock.now() })
    const { provider } = client.contracts
    if (provider instanceof EndpointProvider) provider.onEvent = endpointLog(log)
    const { chainId, addresses } = client.contracts
    const api = await startApi({
      ...(databaseUrl !== undefined && { databaseUrl }),
      ...{ client, directory: options.data, version: await ownVersion(), proxy, deposit: !options.noDeposit },
      explorer: !options.noExplorer,
      ...{ host: options.host, port: options.port, origins: options.origin },
      inputs: { perDay: options.inputsPerDay * 2 ** 20, keepMs: options.keepInputs * 86_400_000 },
      behindProxy: options.behindProxy,
      readySeconds: options.readySeconds,
      webhookAddresses: options.privateWebhooks ? 'any' : 'public',
      ...(options.inbox !== undefined && {
        inbox: new DirectoryInbox(options.inbox, { chainId, market: addresses.market }),
      }),
      ...(options.contentUri !== undefined && { contentUri: options.contentUri }),
      log,
    })
    try {
      output.report({ url: api.url, proxy, account: client.account ?? null }, [
        output.paint('good', `The API is served at ${api.url}.`),
        ...output.facts([
          ...(options.noExplorer ? [] : ([['explorer', api.url]] as const)),
          ['schema', `${api.url}/v1/openapi.json`],
          ['state', databaseUrl === undefined ? options.data : 'on the server of DATABASE_URL'],
          ['proxy', proxy ? `submits as ${client.account ?? '?'}` : 'no: it only reads'],
        ]),
      ])
      await Promise.race([stopped(signal), api.failure.then((error) => Promise.reject(error))])
      output.doing('stopping')
    } finally {
      await api.stop()
    }
  },
})

/** From the environment alone: it holds a password. */
function databaseOf({ DATABASE_URL: url, GEVULOT_DATABASE_URL: wrong }: Context['environment']): string | undefined {
  // Passed over, it would leave the state in the embedded database.
  if (wrong !== undefined)
    throw cliError('CLI_USAGE', 'GEVULOT_DATABASE_URL is no variable of the API server; DATABASE_URL is one')
  if (url === undefined || url === '') return undefined
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url
  throw cliError('CLI_USAGE', 'DATABASE_URL must be like postgres://user:password@host:5432/database')
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
