import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

import { root } from '../../scripts/lib/artifacts.js'
import { loadRunnerConfig } from '../../sdk/src/worker/config/RunnerConfig.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const DATABASE = { DATABASE_URL: 'postgres://runner:x@127.0.0.1/gevulot' }
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const seconds = z.string().transform((text) => Number(/^(\d+)s$/.exec(text)?.[1]))

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
            resources: z.object({ requests: z.object({ cpu: z.string(), memory: z.string() }) }),
            volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
          }),
        ]),
        volumes: z.array(z.object({ name: z.string() })),
      }),
    }),
  }),
})
const compose = z.object({
  services: z.object({
    runner: z.object({
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
    expect(Number(/^(\d+)Gi$/.exec(runner.resources.requests.memory)?.[1]) * 1024).to.be.greaterThan(config.memoryMiB)
    expect(runner.env.map(({ name }) => name)).to.include('DATABASE_URL')
    expect(runner.volumeMounts.map(({ name }) => name).sort()).to.deep.equal(volumes.map(({ name }) => name).sort())
    expect(runner.volumeMounts.map(({ mountPath }) => mountPath)).to.include(config.dataDirectory)
    expect(runner.args).to.deep.equal(['/etc/gevulot/runner.json'])
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
