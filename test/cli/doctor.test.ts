import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/lib/artifacts.js'
import { runCli } from '../support/cli.js'
import { useTemporaryDirectory } from '../support/temporary.js'

interface Finding {
  readonly name: string
  readonly state: string
  readonly what: string
  readonly fix?: string
  readonly needed: boolean
}

describe('cli: doctor', function () {
  this.timeout(300_000)
  const directory = useTemporaryDirectory()

  it('says what is there, what is missing, and ends accordingly', async () => {
    await writeFile(join(directory(), 'file'), '')
    const env = {
      XDG_CACHE_HOME: directory(),
      NANOS_KERNEL: join(directory(), 'none'),
      GEVULOT_STORE: join(directory(), 'file', 'below'),
    }
    const { code, stdout } = await runCli(['doctor', '--runtime', 'nanos', '--json'], { cwd: directory(), env })
    const { good, findings } = JSON.parse(stdout) as { good: boolean; findings: Finding[] }
    const of = (name: string): Finding | undefined => findings.find((finding) => finding.name === name)
    expect([code, good]).to.deep.equal([1, false])
    expect(of('node')).to.include({ state: 'ok', needed: true })
    expect(of('nanos')).to.include({ state: 'missing', needed: true })
    expect(of('nanos')?.fix).to.be.a('string')
    expect(of('store')).to.include({ state: 'missing', needed: true })
    expect(of('endpoint')).to.include({ state: 'unknown', needed: false })
    for (const name of ['cores', 'memory', 'disk', 'kvm', 'graphics', 'linux', 'bubblewrap'])
      expect(of(name), name).not.to.equal(undefined)
    for (const { name, state, fix } of findings) if (state === 'missing') expect(fix, name).to.be.a('string')
  })

  it('wants the Node.js that the package wants, and the page for operators says the same', () => {
    const read = (path: string): string => readFileSync(join(root, path), 'utf8')
    const [tree, sdk] = ['package.json', 'sdk/package.json'].map((path) => {
      const { engines } = JSON.parse(read(path)) as { engines: { node: string } }
      return /^>=(\d+)\.(\d+)\.0$/.exec(engines.node)?.slice(1) ?? []
    })
    expect(/LEAST_NODE = \[(\d+), (\d+)\]/.exec(read('sdk/src/cli/examineMachine.ts'))?.slice(1)).to.deep.equal(sdk)
    const told = [...read('docs/operator.md').matchAll(/\b(2\d)\.(\d+)\b(?= or newer| where)/g)]
    expect(told.map(([, major, minor]) => [major, minor])).to.deep.equal([tree, sdk])
  })
})
