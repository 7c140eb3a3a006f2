import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import { loadAztecConfig } from '../../sdk/src/aztec/config/AztecConfig.js'
import { commands } from '../../sdk/src/cli/commands/index.js'
import { EXIT_CODES } from '../../sdk/src/cli/exitCodes.js'
import { buildProgram, type Call } from '../../sdk/src/cli/program.js'
import { SETTINGS } from '../../sdk/src/cli/settings.js'
import { loadValidatorConfig } from '../../sdk/src/validator/config/ValidatorConfig.js'
import { loadConfig } from '../../sdk/src/worker/config/loadConfig.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** A unit: what it says, by section and name. A name may stand there several times. */
type Unit = ReadonlyMap<string, readonly string[]>

const units = new Map(
  globSync('ops/systemd/*.service', { cwd: root })
    .sort()
    .map((path) => [basename(path, '.service'), parse(read(path))] as const),
)

function parse(text: string): Unit {
  const unit = new Map<string, string[]>()
  let section = ''
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section
    if (line.startsWith('[')) continue
    const [, name = expect.fail(`not of a unit: ${line}`), value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    const key = `${section}.${name}`
    unit.set(key, [...(unit.get(key) ?? []), value])
  }
  return unit
}

function valueOf(unit: Unit, key: string): string {
  const values = unit.get(key) ?? []
  expect(values, key).to.have.length(1)
  return values[0] ?? ''
}

/** What a daemon finds in its environment, with what systemd puts in. */
function environmentOf(unit: Unit): Record<string, string> {
  const pairs = (unit.get('Service.Environment') ?? []).map((pair) => pair.replaceAll('%S', '/var/lib'))
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

/** The words after the name of the command, with what the options of its environment file may say. */
function commandOf(unit: Unit, options = ''): string[] {
  const line = valueOf(unit, 'Service.ExecStart').replaceAll('%S', '/var/lib')
  return line.replace(/\$\w+/, options).trim().split(' ')
}

/** Runs programs of others, or the verifier of them. */
const SANDBOXED = ['gevulot-aztec', 'gevulot-validator', 'gevulot-worker']
/** What keeps the sandbox from its namespaces, host name and /proc, tried under systemd 252; and V8 from compiling. */
const BREAKS = ['PrivateUsers', 'ProtectHostname', 'ProtectKernelTunables', 'RestrictNamespaces']
const SHARED = [
  ...['NoNewPrivileges', 'ProtectSystem', 'ProtectHome', 'PrivateTmp', 'ProtectControlGroups', 'ProtectProc'],
  ...['LockPersonality', 'RestrictSUIDSGID', 'RestrictRealtime', 'UMask'],
]

describe('fleet: the units for systemd', () => {
  const directory = useTemporaryDirectory()

  it('every daemon has one, and the page for operators has each', () => {
    const serving = commands.filter(({ name }) => / (serve|run)$/.test(name) && name !== 'program run')
    const expected = serving.map(({ name }) => `gevulot-${name.split(' ')[0]}`.replace('-prover', '-worker'))
    expect([...units.keys()]).to.deep.equal(expected.sort())
    const { bin } = JSON.parse(read('sdk/package.json')) as { bin: object }
    const page = read('docs/operator.md')
    for (const [name, unit] of units) {
      expect(bin).to.have.property(commandOf(unit)[0] ?? '')
      expect(page).to.include(`(../ops/systemd/${name}.service)`)
    }
  })

  it('each has a user, a place for its state, and settings of its own', () => {
    for (const [name, unit] of units) {
      const user = name === 'gevulot-worker' ? 'gevulot' : name
      for (const key of ['User', 'Group', 'StateDirectory'])
        expect(valueOf(unit, `Service.${key}`), name).to.equal(user)
      expect(valueOf(unit, 'Service.StateDirectoryMode')).to.equal('0700')
      expect(valueOf(unit, 'Service.EnvironmentFile').replace(/^-/, '')).to.equal(`/etc/${user}/environment`)
      const places = [...commandOf(unit), ...Object.values(environmentOf(unit))].filter((word) => word.startsWith('/'))
      for (const place of places) expect(place, name).to.match(new RegExp(`^/(etc|var/lib)/${user}(/|$)`))
      expect(
        places.filter((place) => place.startsWith('/var/lib/')),
        name,
      ).to.deep.equal([`/var/lib/${user}`])
    }
  })

  it('what passes is tried for ever, a mistake never, and there is time to stop', () => {
    const { refused, usage, interrupted } = EXIT_CODES
    for (const [name, unit] of units) {
      expect(valueOf(unit, 'Service.Restart'), name).to.equal('on-failure')
      // Starting limits are for what nobody misses: five starts are over before a node of the same machine is up.
      expect(valueOf(unit, 'Unit.StartLimitIntervalSec'), name).to.equal('0')
      const isOfCli = commandOf(unit)[0] === 'gevulot'
      const final = isOfCli ? [refused.code, usage.code] : [refused.code]
      expect(valueOf(unit, 'Service.RestartPreventExitStatus'), name).to.equal(final.join(' '))
      // A stop during the start is none of its failures.
      if (isOfCli) expect(valueOf(unit, 'Service.SuccessExitStatus'), name).to.equal(String(interrupted.code))
      expect(Number(valueOf(unit, 'Service.TimeoutStopSec')), name).to.be.at.least(60)
      expect(valueOf(unit, 'Install.WantedBy')).to.equal('multi-user.target')
    }
  })

  it('all are held to the same bounds, servers to more, and none to what breaks the sandbox', () => {
    const values = (unit: Unit, names: readonly string[]) => names.map((name) => valueOf(unit, `Service.${name}`))
    const first = units.get('gevulot-worker') ?? expect.fail('no worker')
    for (const [name, unit] of units) {
      expect(values(unit, SHARED), name).to.deep.equal(values(first, SHARED))
      expect(unit.has('Service.MemoryDenyWriteExecute'), name).to.equal(false)
      const isSandboxed = SANDBOXED.includes(name)
      for (const bound of BREAKS) expect(unit.has(`Service.${bound}`), `${name}: ${bound}`).to.equal(!isSandboxed)
      if (!isSandboxed) expect(valueOf(unit, 'Service.CapabilityBoundingSet'), name).to.equal('')
      // By default systemd stops the whole service when the kernel ends one run of it for memory.
      else expect(valueOf(unit, 'Service.OOMPolicy'), name).to.equal('continue')
      // Before systemd 252 ProtectClock allows the device of the clock and so closes all others, /dev/kvm too.
      const clock = isSandboxed ? [undefined, ['~@clock']] : [['yes'], ['@system-service']]
      expect(
        ['ProtectClock', 'SystemCallFilter'].map((key) => unit.get(`Service.${key}`)),
        name,
      ).to.deep.equal(clock)
      expect(valueOf(unit, 'Service.SystemCallErrorNumber'), name).to.equal('EPERM')
    }
  })

  it('what they start takes what they give it', async () => {
    const file = async (name: string, content: object): Promise<string> => {
      const path = join(directory(), name)
      await writeFile(path, JSON.stringify(content))
      return path
    }
    const [worker, validator, aztec, relay, api] = ['worker', 'validator', 'aztec', 'relay', 'api'].map(
      (name) => units.get(`gevulot-${name}`) ?? expect.fail(name),
    ) as [Unit, Unit, Unit, Unit, Unit]
    const chain = { rpcUrl: 'http://127.0.0.1:8545', deployment: 'deployment.json', keyFile: 'key.json' }
    const own = { ...chain, keyPasswordFile: 'password', contentUrls: ['https://content.example.org/'] }

    const worked = await loadConfig(await file('worker.json', own), environmentOf(worker))
    expect(worked.dataDirectory).to.equal('/var/lib/gevulot')
    expect(Number(valueOf(worker, 'Service.TimeoutStopSec'))).to.be.greaterThan(worked.shutdownSeconds)
    // What an external signer has is no file: then the unit must name none either.
    const { keyFile: _key, keyPasswordFile: _password, ...keyless } = own
    const signer = { signerUrl: 'http://127.0.0.1:9000', signerAccount: `0x${'11'.repeat(20)}` }
    await loadConfig(await file('signer.json', { ...keyless, ...signer }), environmentOf(worker))
    await loadValidatorConfig(await file('signer.json', { ...keyless, ...signer }), environmentOf(validator))

    const judging = await loadValidatorConfig(await file('validator.json', own), environmentOf(validator))
    expect(judging.dataDirectory).to.equal('/var/lib/gevulot-validator')

    const lanes = [{ program: `0x${'22'.repeat(32)}`, types: ['PARITY_BASE'], bundleJobs: 1 }]
    const adapter = { ...chain, contentDirectory: '/srv/content', lanes, budgetPerEpoch: '1', budgetPerDay: '1' }
    const aztecFile = await file('aztec.json', { ...adapter, brokerUrl: 'http://127.0.0.1:8084' })
    const adapted = await loadAztecConfig(aztecFile, environmentOf(aztec))
    expect(adapted.dataDirectory).to.equal('/var/lib/gevulot-aztec')

    // The options as the page shows them.
    const shown = /RELAY_OPTIONS="([^"]+)"/.exec(read('docs/operator.md'))?.[1] ?? expect.fail('no options')
    const accounts = shown.replaceAll('0x…', signer.signerAccount)
    const settings = [...SETTINGS.map(({ env }) => env), 'GEVULOT_CONFIG', 'GEVULOT_KEY_PASSWORD_FILE']
    for (const [unit, options, name] of [
      [relay, accounts, 'relay serve'],
      [api, '--behind-proxy --inbox /var/lib/gevulot-api/inbox', 'api serve'],
      [aztec, '', 'aztec serve'],
    ] as const) {
      let call: Call | undefined
      buildProgram(commands, '0', (made) => (call = made)).parse(commandOf(unit, options).slice(1), { from: 'user' })
      expect(call?.command.name).to.equal(name)
      if (name !== 'aztec serve') expect(settings).to.include.members(Object.keys(environmentOf(unit)))
    }
  })

  it('systemd itself finds nothing wrong', async function () {
    // It looks at another root since version 250.
    const version = await promisify(execFile)('systemd-analyze', ['--version']).then(
      ({ stdout }) => Number(/^systemd (\d+)/.exec(stdout)?.[1]),
      (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? 0 : Promise.reject(error)),
    )
    if (version < 250) {
      console.log('      SKIP: systemd-analyze is missing or old (Debian package systemd)')
      return this.skip()
    }
    // A machine on which the package and the units are installed.
    const place = join(directory(), 'machine')
    for (const path of ['usr/bin', 'etc/systemd/system']) await mkdir(join(place, path), { recursive: true })
    for (const name of ['gevulot', 'gevulot-validator', 'gevulot-worker']) {
      await writeFile(join(place, 'usr/bin', name), '#!/bin/sh\n')
      await chmod(join(place, 'usr/bin', name), 0o755)
    }
    await cp(join(root, 'ops/systemd'), join(place, 'etc/systemd/system'), { recursive: true })
    const verify = (unit: string) =>
      promisify(execFile)('systemd-analyze', [
        ...['verify', '--man=no', '--recursive-errors=no', `--root=${place}`, unit],
      ])
    for (const name of units.keys()) {
      const { stdout, stderr } = await verify(`${name}.service`)
      expect(stdout + stderr, name).to.equal('')
    }
    // It would have found something.
    const wrong = read('ops/systemd/gevulot-relay.service').replace('UMask=', 'UMusk=')
    await writeFile(join(place, 'etc/systemd/system/wrong.service'), wrong)
    const found = await verify('wrong.service').catch((error: { readonly stderr: string }) => error)
    expect(found.stderr).to.include('UMusk')
  })
})
