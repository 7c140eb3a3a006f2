import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

import { root } from '../../scripts/lib/artifacts.js'
import { linuxMemoryMiB } from '../../sdk/src/runtime/linux/LinuxGuest.js'
import { readPrivateFile } from '../../sdk/src/readPrivateFile.js'
import { loadRunnerConfig } from '../../sdk/src/worker/config/RunnerConfig.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const DATABASE = { DATABASE_URL: 'postgres://runner:x@127.0.0.1/gevulot' }
/** The rule of docs/operator.md: 400 MiB a run, of which the guest's system has 112. */
const QEMU_MIB = 288
const RUNNER_MIB = 1_024
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const seconds = z.string().transform((text) => Number(/^(\d+)s$/.exec(text)?.[1]))

const mebibytes = (text: string | undefined): number => Number(/^(\d+)Gi$/.exec(text ?? '')?.[1]) * 1024

const configMap = z.object({ kind: z.literal('ConfigMap'), data: z.object({ 'runner.json': z.string() }) })
const deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        hostUsers: z.literal(false),
        terminationGracePeriodSeconds: z.number().int(),
        containers: z.tuple([
          z.object({
            args: z.array(z.string()),
            // The sandbox's namespaces; without `hostUsers: false` Kubernetes refuses the first of them.
            securityContext: z.object({
              procMount: z.literal('Unmasked'),
              seccompProfile: z.object({ type: z.literal('Unconfined') }),
              appArmorProfile: z.object({ type: z.literal('Unconfined') }),
            }),
            env: z.array(z.object({ name: z.string() })),
            ports: z.tuple([z.object({ name: z.literal('observe'), containerPort: z.number().int() })]),
            resources: z.object({
              requests: z.object({ cpu: z.string(), memory: z.string(), 'ephemeral-storage': z.string() }),
              limits: z.object({ memory: z.string() }),
            }),
            volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
          }),
        ]),
        volumes: z.array(z.object({ name: z.string(), emptyDir: z.object({ sizeLimit: z.string() }).optional() })),
      }),
    }),
  }),
})
const mount = z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() })
const patch = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        initContainers: z.tuple([
          z.object({ image: z.literal('gevulot-worker'), command: z.array(z.string()), volumeMounts: z.array(mount) }),
        ]),
        containers: z.tuple([
          z.object({
            name: z.literal('runner'),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
            volumeMounts: z.array(mount),
          }),
        ]),
        volumes: z.array(
          z.object({
            name: z.string(),
            secret: z.unknown(),
            emptyDir: z.object({ medium: z.literal('Memory') }).optional(),
          }),
        ),
      }),
    }),
  }),
})
const compose = z.object({
  services: z.object({
    runner: z.object({
      restart: z.literal('unless-stopped'),
      init: z.literal(true),
      environment: z.record(z.string(), z.string()),
      stop_grace_period: seconds,
      security_opt: z.array(z.string()),
      volumes: z.array(z.string()),
    }),
  }),
  volumes: z.record(z.string(), z.unknown()),
})

// No engine runs here, so what the files say is read, and held against what the runner itself takes.
describe('fleet: the files for containers', () => {
  const directory = useTemporaryDirectory()

  it('Kubernetes: a configuration that a runner takes, and room, grace and ports that fit it', async () => {
    const documents = parseAllDocuments(read('ops/kubernetes/runner.yml'))
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).to.deep.equal([])
    const [map, runners] = documents.map((document) => document.toJS() as unknown)
    const path = join(directory(), 'runner.json')
    await writeFile(path, configMap.parse(map).data['runner.json'])
    const config = await loadRunnerConfig(path, DATABASE)
    expect(config.roles).to.deep.equal(['runner'])

    const { selector, template } = deployment.parse(runners).spec
    expect(template.metadata.labels).to.include(selector.matchLabels)
    const { terminationGracePeriodSeconds, containers, volumes } = template.spec
    const [runner] = containers
    expect(terminationGracePeriodSeconds).to.be.greaterThan(config.shutdownSeconds)
    expect(runner.ports[0].containerPort).to.equal(config.observePort)
    expect(Number(runner.resources.requests.cpu)).to.be.greaterThan(config.cores)
    // What a machine has, what QEMU takes beside it, and the runner itself: the kernel ends what needs more than the limit.
    const memory = linuxMemoryMiB(config) + config.runs * QEMU_MIB + RUNNER_MIB
    expect(config.runs, 'of one machine').to.equal(1)
    expect(mebibytes(runner.resources.requests.memory)).to.be.at.least(memory)
    expect(mebibytes(runner.resources.limits.memory)).to.be.at.least(memory)
    expect(runner.env.map(({ name }) => name)).to.include('DATABASE_URL')
    expect(runner.volumeMounts.map(({ name }) => name).sort()).to.deep.equal(volumes.map(({ name }) => name).sort())
    expect(runner.volumeMounts.map(({ mountPath }) => mountPath)).to.include(config.dataDirectory)
    // Packages; of each run its inputs and their disk, its output and its disk; what failed. A pod that takes more is evicted, with its runs.
    const runs = config.runs * 2 * config.maxContentMiB + 2 * config.outputMiB
    const disk = config.cacheMiB + runs + config.keepBundles * config.bundleMiB
    expect(mebibytes(volumes.find(({ emptyDir }) => emptyDir)?.emptyDir?.sizeLimit)).to.be.greaterThan(disk)
    expect(mebibytes(runner.resources.requests['ephemeral-storage'])).to.be.greaterThan(disk)
    expect(runner.args).to.deep.equal(['/etc/gevulot/runner.json'])
  })

  it('Kubernetes: a file of a secret, which no runner takes, becomes one that it does', async () => {
    const { initContainers, containers, volumes } = patch.parse(
      parse(read('ops/kubernetes/runner-s3.yml'), { strict: true }),
    ).spec.template.spec
    const [{ command, volumeMounts: mounts }] = initContainers
    expect(mounts.map(({ name }) => name).sort()).to.deep.equal(volumes.map(({ name }) => name).sort())
    // A volume of a secret, as the kubelet makes it for a pod with fsGroup.
    const secret = join(directory(), 'secret')
    await mkdir(join(secret, '..2026'), { recursive: true })
    await writeFile(join(secret, '..2026/secret'), 'of the store', { mode: 0o440 })
    await symlink('..2026', join(secret, '..data'))
    await symlink('..data/secret', join(secret, 'secret'))
    await mkdir(join(directory(), 'private'))
    const here = (path: string): string =>
      mounts.reduce(
        (so, { name, mountPath }) =>
          so.startsWith(`${mountPath}/`) ? join(directory(), name, so.slice(mountPath.length)) : so,
        path,
      )
    const { env, volumeMounts } = containers[0]
    const environment = Object.fromEntries(env.map(({ name, value = 'id' }) => [name, value]))
    const config = await loadRunnerConfig(undefined, {
      GEVULOT_ROLES: 'runner',
      GEVULOT_DATA_DIRECTORY: '/x',
      ...environment,
      ...DATABASE,
    })
    expect(volumeMounts).to.deep.equal([{ name: 'private', mountPath: '/run/gevulot', readOnly: true }])
    const refuse = (why: string): Error => new Error(why)
    expect(String(await readPrivateFile(here('/secret/secret'), 'it', refuse).catch(String))).to.include('cannot open')
    const [program = '', ...args] = command
    execFileSync(program, args.map(here))
    expect(await readPrivateFile(here(config.s3SecretFile), 'it', refuse)).to.equal('of the store')
    expect(config.s3AccessKeyId).to.equal('id')
  })

  it('compose: an environment that a runner takes', async () => {
    const { services, volumes } = compose.parse(parse(read('ops/docker/compose.runner.yml'), { strict: true }))
    const { environment, stop_grace_period: grace, volumes: mounts } = services.runner
    const config = await loadRunnerConfig(undefined, { ...environment, ...DATABASE })
    expect(config.roles).to.deep.equal(['runner'])
    expect(grace).to.be.greaterThan(config.shutdownSeconds)
    // What the runtime's check asks for, when it fails in a container.
    const options = ['seccomp', 'apparmor', 'systempaths'].map((name) => `${name}=unconfined`)
    expect(services.runner.security_opt).to.deep.equal(options)
    for (const mount of mounts) {
      const [name = '', path] = mount.split(':')
      expect(volumes).to.have.property(name)
      expect(path).to.equal(config.dataDirectory)
    }
  })
})
