import { defineCommand } from '../Command.js'
import { choice, optionWithDefault } from '../parsers.js'
import { cacheDirectory } from '../places.js'

const MARKS = { ok: 'good', missing: 'bad', unknown: 'faint' } as const

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Tell what this machine can do for the network, and how to get what is missing',
  details:
    'Runs a test program in every runtime, in a virtual machine where that is one, and asks the configured endpoint and store. Ends with 1 if the runtime of --runtime, or something configured, does not work. Nothing is changed but caches, and an empty object put into a store that can be written.',
  options: {
    runtime: optionWithDefault('name', choice('linux', 'nanos', 'bubblewrap'), 'linux', 'the runtime that has to work'),
  },
  examples: ['doctor', 'doctor --runtime nanos --json'],
  async run({ options, context }) {
    const { examineMachine } = await import('../examineMachine.js')
    const { placesIn } = await import('../openClient.js')
    const { placeOptionsOf } = await import('../../content/openPlace.js')
    const { rpcUrl, rpcFallbacks, deployment, store } = await context.settings()
    const findings = await examineMachine({
      cacheDirectory: cacheDirectory(context.environment),
      needed: options.runtime,
      ...(rpcUrl !== undefined && { rpcUrls: [rpcUrl, ...placesIn(rpcFallbacks)] }),
      ...(deployment !== undefined && { deployment }),
      ...(store !== undefined && { store, places: placeOptionsOf(context.environment) }),
      signal: context.signal,
      onStart: (what) => context.output.doing(`trying ${what}`),
    })
    const { output } = context
    const good = findings.every(({ state, needed }) => state !== 'missing' || !needed)
    return {
      json: { good, findings },
      text: [
        ...findings.flatMap(({ name, state, what, fix, needed }) => [
          ...output.hanging(
            `${output.paint(MARKS[state], state.padEnd(8))} ${name.padEnd(12)} `,
            `${what}${needed && state === 'missing' ? ' (needed)' : ''}`,
          ),
          ...(fix === undefined ? [] : output.hanging(`${' '.repeat(22)}→ `, fix)),
        ]),
        good ? 'What is needed is there.' : 'Something that is needed is missing.',
      ],
      ...(!good && { exit: 'refused' as const }),
    }
  },
})
