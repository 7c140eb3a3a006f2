import { chmod, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { inspect } from 'node:util'

import { expect } from 'chai'
import { Wallet } from 'ethers'

import { loadValidatorConfig, VALIDATOR_FIELDS } from '../../sdk/src/validator/config/ValidatorConfig.js'
import type { ConfigField } from '../../sdk/src/worker/config/ConfigField.js'
import { helpText } from '../../sdk/src/worker/config/helpText.js'
import { loadConfig } from '../../sdk/src/worker/config/loadConfig.js'
import { placesOf } from '../../sdk/src/worker/config/placesOf.js'
import { readKeyFile } from '../../sdk/src/worker/config/readKeyFile.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { WORKER_FIELDS } from '../../sdk/src/worker/config/WorkerConfig.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { redactor } from '../../sdk/src/worker/log/redactor.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const KEY = 'ab'.repeat(32)
const REQUIRED = {
  rpcUrl: 'https://chain.example.org/v1/api-key-1234',
  deployment: 'deployment.json',
  keyFile: 'key',
  dataDirectory: 'data',
}

describe('worker: configuration', () => {
  const directory = useTemporaryDirectory()

  async function file(value: unknown): Promise<string> {
    const path = join(directory(), 'config.json')
    await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
    return path
  }

  it('fills up with defaults', async () => {
    const config = await loadConfig(await file(REQUIRED), {})
    expect(config).to.include({ mode: 'auto', runtime: 'linux', runs: 1, claimOpen: false, keeper: false })
    expect(config.rpcUrl.reveal()).to.equal(REQUIRED.rpcUrl)
  })

  it('lets the environment overrule the file', async () => {
    const environment = { GEVULOT_RUNS: '4', GEVULOT_SEATS: '3, 5', GEVULOT_KEEPER: 'true' }
    const config = await loadConfig(await file({ ...REQUIRED, runs: 2 }), environment)
    expect(config).to.include({ runs: 4, keeper: true })
    expect(config.seats).to.deep.equal([3, 5])
  })

  it('works from the environment alone', async () => {
    const environment = {
      GEVULOT_RPC_URL: REQUIRED.rpcUrl,
      GEVULOT_DEPLOYMENT: 'd',
      GEVULOT_KEY_FILE: 'k',
      GEVULOT_DATA_DIRECTORY: '/x',
    }
    expect((await loadConfig(undefined, environment)).dataDirectory).to.equal('/x')
  })

  it('takes relative paths of the file from its folder, and of the environment from the working directory', async () => {
    const path = await file({ ...REQUIRED, contentDirectories: ['content', '/srv/content'] })
    const config = await loadConfig(path, { GEVULOT_KEY_FILE: 'elsewhere/key' })
    expect(config.dataDirectory).to.equal(join(directory(), 'data'))
    expect(config.deployment).to.equal(join(directory(), 'deployment.json'))
    expect(config.contentDirectories).to.deep.equal([join(directory(), 'content'), '/srv/content'])
    expect(config.keyFile).to.equal(resolve('elsewhere/key'))
    expect(config).to.include({ logFile: '-', keyPasswordFile: '' })
  })

  it('takes further endpoints, and says of a wrong one which it is, and nothing of what may hold a key', async () => {
    const first = 'https://one.example.org/api-key-1'
    const config = await loadConfig(await file({ ...REQUIRED, rpcFallbacks: [first, 'http://127.0.0.1:8545'] }), {})
    expect(config.rpcFallbacks.map((url) => url.reveal())).to.deep.equal([first, 'http://127.0.0.1:8545'])
    expect(JSON.stringify(config)).to.not.include('api-key-1')
    const several = await loadConfig(await file(REQUIRED), {
      GEVULOT_RPC_FALLBACKS: `${first}, https://two.example.org`,
    })
    expect(several.rpcFallbacks).to.have.length(2)
    const many = Array.from({ length: 8 }, (_, index) => `https://${index}.example.org/`)
    for (const [rpcFallbacks, mistake] of [
      [[first, 'wss://two.example.org/api-key-2'], 'item 2 must be an http or https URL like https://rpc.example.org/'],
      ['one.example.org/api-key-2', 'item 1 must be an http or https URL like https://rpc.example.org/'],
      [many, 'must be at most 7 URLs'],
      [[first, REQUIRED.rpcUrl], 'item 2 is an endpoint that is named before'],
    ] as const) {
      const error = await rejected(loadConfig(await file({ ...REQUIRED, rpcFallbacks }), {}), 'WORKER_CONFIG_INVALID')
      expect(error.message).to.include(`rpcFallbacks (GEVULOT_RPC_FALLBACKS) ${mistake}`)
      expect(error.message).to.not.match(/api-key/)
    }
  })

  it('reports all mistakes together, unknown fields too', async () => {
    const wrong = {
      ...REQUIRED,
      rpcUrl: 'ftp://x',
      runs: 0,
      mode: 'fast',
      seats: [1, 'two'],
      maxFeeGwie: 3,
      keeper: 'yes',
    }
    const error = await rejected(loadConfig(await file(wrong), {}), 'WORKER_CONFIG_INVALID')
    for (const name of ['rpcUrl', 'runs', 'mode', 'seats', 'maxFeeGwie', 'keeper'])
      expect(error.message).to.contain(name)
    expect(error.message)
      .to.contain('runs (GEVULOT_RUNS) must be a whole number from 1 to 64, not 0')
      .and.contain('mode (GEVULOT_MODE) must be one of auto, approve, drain, watch, not "fast"')
      .and.contain('like https://rpc.example.org/')
    // It may hold an API key.
    expect(error.message).to.not.contain('ftp://x')
  })

  it('says of every field its name, its variable, what it was given, and an example', async () => {
    for (const [table, load] of [
      [WORKER_FIELDS, loadConfig],
      [VALIDATOR_FIELDS, loadValidatorConfig],
    ] as const) {
      for (const [name, { env, secret }] of Object.entries<ConfigField<unknown>>(table)) {
        const given = { [name]: { nothing: 'takes this' } }
        const { message } = await rejected(load(await file({ ...REQUIRED, ...given }), {}), 'WORKER_CONFIG_INVALID')
        const mistake = message.split('; ').find((each) => each.includes(`${name} (${env}) must be`))
        expect(mistake, `${name}: ${message}`).to.match(/like |one of |true or false|from \d+ to \d+/)
        expect(mistake?.includes('takes this'), name).to.equal(secret !== true)
      }
      const { message } = await rejected(load(await file({}), {}), 'WORKER_CONFIG_INVALID')
      expect(message).to.include('rpcUrl (GEVULOT_RPC_URL) is missing: it must be an http or https URL like https://')
    }
  })

  it('knows what a misspelt field or variable was meant to be, and leaves those of others alone', async () => {
    const wrong = loadConfig(await file({ ...REQUIRED, maxFeeGwie: 3 }), { GEVULOT_MAX_RUN: '3', GEVULOT_RUN: '2' })
    const { message } = await rejected(wrong, 'WORKER_CONFIG_INVALID')
    expect(message)
      .to.include('maxFeeGwie is not a field; maxFeeGwei is one')
      .and.include('GEVULOT_RUN is no variable of the configuration; GEVULOT_RUNS is one')
    // Those of the command line, in the same environment.
    const others = ['CONFIG', 'KEY_PASSWORD', 'STORE', 'API_URL'].map((name) => [`GEVULOT_${name}`, 'x'])
    await loadConfig(await file(REQUIRED), Object.fromEntries(others) as Record<string, string>)
  })

  it('knows the variable that has no prefix by the name it would have with one', async () => {
    const url = 'postgres://worker:sesame@127.0.0.1/gevulot'
    for (const name of ['GEVULOT_DATABASE_URL', 'GEVULOT_DATABSE_URL'])
      for (const load of [loadConfig, loadValidatorConfig]) {
        const { message } = await rejected(load(await file(REQUIRED), { [name]: url }), 'WORKER_CONFIG_INVALID')
        expect(message).to.include(`${name} is no variable of the configuration; DATABASE_URL is one`)
        expect(message).to.not.include('sesame')
      }
    expect((await loadConfig(await file(REQUIRED), { DATABASE_URL: url })).databaseUrl.reveal()).to.equal(url)
  })

  it('refuses a standby that has no server on which to wait', async () => {
    for (const load of [loadConfig, loadValidatorConfig]) {
      const alone = load(await file({ ...REQUIRED, standby: true }), {})
      const { message } = await rejected(alone, 'WORKER_CONFIG_INVALID')
      expect(message).to.include('databaseUrl (DATABASE_URL) is missing, and standby (GEVULOT_STANDBY) is true')
      const DATABASE_URL = 'postgres://127.0.0.1/gevulot'
      expect((await load(await file(REQUIRED), { DATABASE_URL, GEVULOT_STANDBY: 'true' })).standby).to.equal(true)
    }
  })

  it('takes every kind of content store, and shows no password of one', async () => {
    const contentUrls = ['https://a.example.org/', 's3://bucket/path?region=eu-central-1', 'kubo+http://127.0.0.1:5001/', 'ipfs://bafy'] // prettier-ignore
    const proofUrls = contentUrls.slice(1, 3)
    const stores = {
      contentUrls,
      proofUrls,
      ipfsGateways: ['http://127.0.0.1:8080/'],
      s3AccessKeyId: 'me',
      s3SecretFile: 'secret',
    }
    const config = await loadConfig(await file({ ...REQUIRED, ...stores }), {})
    expect(config).to.deep.include({ ...stores, s3SecretFile: join(directory(), 'secret') })
    await writeFile(join(directory(), 'secret'), 'sesame\n', { mode: 0o600 })
    const places = await placesOf(config)
    const secretAccessKey = places.s3?.credentials?.secretAccessKey
    expect(places).to.deep.equal({ ipfsGateways: stores.ipfsGateways, s3: { credentials: { accessKeyId: 'me', secretAccessKey } } }) // prettier-ignore
    expect(typeof secretAccessKey === 'object' && secretAccessKey.reveal()).to.equal('sesame')
    for (const shown of [JSON.stringify(places), inspect(places, { depth: 9 })]) expect(shown).not.to.contain('sesame')
    await chmod(join(directory(), 'secret'), 0o644)
    for (const wrong of [config, { ...config, s3AccessKeyId: '' }, { ...config, s3SecretFile: '' }])
      expect((await rejected(placesOf(wrong), 'WORKER_CONFIG_INVALID')).message).not.to.contain('sesame')
    for (const place of [
      'ftp://me:sesame@host/',
      's3:bucket',
      'kubo+http://',
      '/srv/content',
      'ipfs://../x',
      'file:///x',
    ]) {
      const error = await rejected(loadConfig(await file({ ...REQUIRED, contentUrls: [place] }), {}), 'WORKER_CONFIG_INVALID') // prettier-ignore
      expect(error.message).to.contain('contentUrls').and.not.contain('sesame')
    }
    for (const place of ['https://a.example.org/', 'ipfs://bafy'])
      await rejected(loadConfig(await file({ ...REQUIRED, proofUrls: [place] }), {}), 'WORKER_CONFIG_INVALID')
  })

  it('wants to know where validators read the proofs that it leaves somewhere', async () => {
    const [directory, bucket, node] = [{ proofDirectories: ['proofs'] }, ['s3://bucket/proofs'], 'kubo+http://127.0.0.1:5001/'] // prettier-ignore
    for (const stores of [directory, { proofUrls: bucket }]) {
      const { message } = await rejected(
        loadConfig(await file({ ...REQUIRED, ...stores }), {}),
        'WORKER_CONFIG_INVALID',
      )
      expect(message).to.include('proofUri (GEVULOT_PROOF_URI) is missing')
      for (const proofUri of ['https://proofs.example.org/', 's3://bucket/proofs'])
        await loadConfig(await file({ ...REQUIRED, ...stores, proofUri }), {})
    }
    await loadConfig(await file({ ...REQUIRED, ...directory, proofUrls: [...bucket, node] }), { GEVULOT_PROOF_URI: '' })
    for (const proofUri of ['foo', 'file:///x', 'https://me:sesame@host/', `https://host/${'x'.repeat(250)}`]) {
      const wrong = loadConfig(await file({ ...REQUIRED, ...directory, proofUri }), {})
      expect((await rejected(wrong, 'WORKER_CONFIG_INVALID')).message)
        .to.include('proofUri (GEVULOT_PROOF_URI) must be')
        .and.not.include('sesame')
    }
  })

  it('wants the required fields and a JSON object', async () => {
    const error = await rejected(loadConfig(await file({}), {}), 'WORKER_CONFIG_INVALID')
    for (const name of Object.keys(REQUIRED)) expect(error.message).to.contain(name)
    await rejected(loadConfig(await file('[]'), {}), 'WORKER_CONFIG_INVALID')
    const cut = await rejected(loadConfig(await file('{'), {}), 'WORKER_CONFIG_INVALID')
    expect(cut.message).to.match(/as JSON: .*line 1$/)
    const unquoted = await file(`{\n  "runs": 2,\n  "cores": 4,\n  "rpcUrl": ${REQUIRED.rpcUrl}\n}`)
    const wrong = await rejected(loadConfig(unquoted, {}), 'WORKER_CONFIG_INVALID')
    expect(wrong.message).to.match(/as JSON: it stops being JSON in or after line [34]$/)
    expect(inspect(wrong, { depth: 9 })).to.not.match(/https|chain\.|api-key/)
    const missing = await rejected(loadConfig(join(directory(), 'missing'), {}), 'WORKER_CONFIG_INVALID')
    expect(missing.message).to.include('no such file')
  })

  it('wants either a key file or an external signer with its account', async () => {
    const { keyFile, ...others } = REQUIRED
    const signer = { signerUrl: 'https://ops:sesame@signer.example.org/', signerAccount: `0x${'ab'.repeat(20)}` }
    const config = await loadConfig(await file({ ...others, ...signer }), {})
    expect(config).to.include({ keyFile: '', signerTimeoutMs: 5_000 })
    expect(inspect(config)).to.not.contain('sesame')
    for (const wrong of [
      { ...others },
      { ...others, keyFile, ...signer },
      { ...others, signerUrl: signer.signerUrl },
      { ...others, keyFile, signerAccount: signer.signerAccount },
      { ...others, ...signer, signerAccount: '0x12' },
      { ...others, ...signer, signerAccount: `0x${'aB'.repeat(20)}` },
      { ...others, ...signer, signerUrl: 'unix:/run/signer' },
    ]) {
      const error = await rejected(loadConfig(await file(wrong), {}), 'WORKER_CONFIG_INVALID')
      expect(error.message).to.match(/signerUrl|signerAccount/)
      expect(error.message).to.not.contain('sesame')
    }
  })

  it('has a help text with every field', () => {
    for (const [name, { env }] of Object.entries(WORKER_FIELDS)) {
      expect(helpText()).to.contain(name)
      expect(helpText()).to.contain(env)
    }
  })
})

describe('worker: secrets', () => {
  const directory = useTemporaryDirectory()

  async function keyFile(text: string, mode: number): Promise<string> {
    const path = join(directory(), `key-${mode.toString(8)}`)
    await writeFile(path, text)
    await chmod(path, mode)
    return path
  }

  it('reads a key that only its owner can read, with or without 0x', async () => {
    expect((await readKeyFile(await keyFile(`${KEY}\n`, 0o600))).reveal()).to.equal(`0x${KEY}`)
    expect((await readKeyFile(await keyFile(`0x${KEY}`, 0o400))).reveal()).to.equal(`0x${KEY}`)
  })

  it('refuses a key that others can read, a link, and anything that is no key', async () => {
    for (const mode of [0o644, 0o640, 0o660, 0o604]) {
      await rejected(readKeyFile(await keyFile(KEY, mode)), 'WORKER_KEY_UNSAFE')
    }
    const link = join(directory(), 'link')
    await symlink(await keyFile(KEY, 0o600), link)
    await rejected(readKeyFile(link), 'WORKER_KEY_UNSAFE')
    await rejected(readKeyFile(directory()), 'WORKER_KEY_UNSAFE')
    const error = await rejected(readKeyFile(await keyFile(KEY.slice(1), 0o600)), 'WORKER_KEY_UNSAFE')
    expect(JSON.stringify({ ...error, message: error.message })).to.not.contain(KEY.slice(1, 20))
  })

  it('does not repeat a secret that stands where the path of its file should', async () => {
    const keystore = await keyFile(new Wallet(`0x${KEY}`).encryptSync('correct horse'), 0o600)
    const secret = 'MyReal/Passw0rd'
    for (const [field, file, passwordFile] of [
      ['keyFile (GEVULOT_KEY_FILE)', join(directory(), `0x${KEY}`), ''],
      ['keyFile (GEVULOT_KEY_FILE)', KEY, ''],
      ['keyPasswordFile (GEVULOT_KEY_PASSWORD_FILE)', keystore, join(directory(), secret)],
    ] as const) {
      const error = await rejected(readKeyFile(file, passwordFile), 'WORKER_KEY_UNSAFE')
      expect(error.message).to.include(`${field} names no file; `).and.include('(ENOENT, below ')
      expect(inspect(error, { depth: 9 })).to.not.match(/abab|MyReal|Passw0rd/)
    }
    const places = { ipfsGateways: [], s3AccessKeyId: 'me', s3SecretFile: join(directory(), secret) }
    expect(inspect(await rejected(placesOf(places), 'WORKER_CONFIG_INVALID'), { depth: 9 })).to.not.match(/Passw0rd/)
    // Where a key is on the disk by its own name, and a link.
    const named = join(directory(), KEY)
    await symlink(keystore, named)
    expect(inspect(await rejected(readKeyFile(named), 'WORKER_KEY_UNSAFE'), { depth: 9 })).to.not.match(/abab/)
    const link = join(directory(), 'other-link')
    await symlink(keystore, link)
    expect((await rejected(readKeyFile(link), 'WORKER_KEY_UNSAFE')).message).to.include(`${link} of keyFile`)
  })

  it('opens a keystore with the password of a second file, and says nothing of either when it cannot', async () => {
    const wallet = new Wallet(`0x${KEY}`)
    const keystore = await keyFile(wallet.encryptSync('correct horse'), 0o600)
    const password = await keyFile('correct horse\n', 0o400)
    expect((await readKeyFile(keystore, password)).reveal()).to.equal(`0x${KEY}`)
    await rejected(readKeyFile(keystore), 'WORKER_KEY_LOCKED')
    await rejected(readKeyFile(keystore, await keyFile('correct horse', 0o644)), 'WORKER_KEY_UNSAFE')
    const wrong = join(directory(), 'wrong')
    await writeFile(wrong, 'battery staple', { mode: 0o600 })
    const broken = join(directory(), 'broken')
    await writeFile(broken, '{"crypto":"battery"}', { mode: 0o600 })
    for (const error of [
      await rejected(readKeyFile(keystore, wrong), 'WORKER_KEY_LOCKED'),
      await rejected(readKeyFile(broken, password), 'WORKER_KEY_LOCKED'),
    ]) {
      expect(inspect(error, { depth: 9 })).to.not.match(/battery|horse|abababab/)
    }
  })

  it('shows three stars, whatever is done with a secret', () => {
    const secret = new Secret('hunter2')
    const shown = [
      String(secret),
      `${secret.toString()}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ a: [secret] }),
    ]
    for (const text of shown) {
      expect(text).to.contain('***')
      expect(text).to.not.contain('hunter2')
    }
  })

  it('keeps keys and the rest of URLs out of log lines, even where a library quotes them', () => {
    const lines: string[] = []
    const log = jsonLogger({
      level: 'debug',
      write: (line) => lines.push(line),
      now: () => 0,
      redact: redactor([new Secret(`0x${KEY}`)], [new Secret('https://user:word@chain.example.org/v1/api-key-1234')]),
    })
    log.error('failed', { error: new Error(`request to https://chain.example.org/v1/api-key-1234 with ${KEY}`) })
    log.info(`connecting to https://user:word@chain.example.org/v1/api-key-1234?x=1`)
    log.info('cut short: "https://chain.example.org/v1/api-k')
    log.warn('upper case', { key: KEY.toUpperCase() })
    for (const line of lines) {
      expect(line).to.not.match(new RegExp(KEY, 'i'))
      expect(line).to.not.match(/api-k|word/)
      expect(() => JSON.parse(line) as unknown).to.not.throw()
    }
    expect(lines[0]).to.contain('//chain.example.org/***')
  })

  it('writes one JSON object a line, with the bound fields', () => {
    const lines: string[] = []
    const log = jsonLogger({ level: 'info', write: (line) => lines.push(line), now: () => 0 })
    log.debug('not written')
    log.with({ workload: '0x1', seat: 3 }).info('two\nlines', { stage: 'running', paid: 10n })
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal([
      {
        time: '1970-01-01T00:00:00.000Z',
        level: 'info',
        message: 'two\nlines',
        workload: '0x1',
        seat: 3,
        stage: 'running',
        paid: '10',
      },
    ])
  })
})
