import type { LocalPackage } from '../../../content/index.js'
import type { Observation, Rule } from '../Rule.js'

/** What a label of such a package says. */
const LABEL = /development|insecure|anyone can forge/i
/** What a file or a variable of such a package is called. */
const NAME =
  /(^|[^a-z])(dev|development|insecure|unsafe|toxic|test)[-_.]?(params?|parameters|srs|crs|tau|waste|p?key|setup)/i

/** Parameters whose secret is known are for a devnet: anyone can forge with them. */
export const developmentParameters: Rule = {
  name: 'development-parameters',
  check({ prover, verifier, devnet }) {
    return devnet ? [] : [prover, verifier].flatMap(signs)
  },
}

function signs({ manifest }: LocalPackage): readonly Observation[] {
  const labels = manifest.labels.filter((label) => LABEL.test(label))
  const names = [...manifest.files.map(({ path }) => path), ...Object.entries(manifest.env).map((pair) => pair.join('=')), ...manifest.argv] // prettier-ignore
  return [
    ...labels.map((label): Observation => ({
      severity: 'error',
      seen: `${manifest.name} is labelled ${JSON.stringify(label)}`,
      todo: 'Build it with the parameters of a ceremony; for a devnet, lint it with --devnet.',
    })),
    ...(labels.length > 0 ? [] : names)
      .filter((name) => NAME.test(name))
      .map((name): Observation => ({
        severity: 'warning',
        seen: `${manifest.name} has ${JSON.stringify(name)}, which sounds like parameters for development, and no label says so`,
        todo: 'Build it with the parameters of a ceremony, or label it and lint it with --devnet.',
      })),
  ]
}
