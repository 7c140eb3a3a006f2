import type { GevulotClient } from '../client/createClient.js'
import { cliError } from '../errors/codes/cli.js'
import type { Output } from './Output.js'
import { loadSettings, SETTINGS, type SettingName, type Settings } from './settings.js'

/** Options of {@link Context}. */
export interface ContextOptions {
  readonly output: Output
  /** Settings given on the command line. */
  readonly options: Settings
  readonly configPath: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Aborted when the person or the system asks the command to stop. */
  readonly signal: AbortSignal
  /** Told the hash of each transaction that the configured key has signed, which is sent at once. */
  readonly onSigned: (transaction: string) => void
}

/** What a command works with besides its own arguments. Connections are made when they are first asked for. */
export class Context {
  readonly output: Output
  readonly signal: AbortSignal
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly onSigned: (transaction: string) => void
  readonly #options: ContextOptions
  #settings: Promise<Settings> | undefined

  constructor(options: ContextOptions) {
    this.#options = options
    this.output = options.output
    this.signal = options.signal
    this.environment = options.environment
    this.onSigned = options.onSigned
  }

  /** The settings: options, then the environment, then the configuration file. */
  settings(): Promise<Settings> {
    const { options, environment, configPath } = this.#options
    this.#settings ??= loadSettings(options, environment, configPath)
    return this.#settings
  }

  /**
   * A setting that the command cannot do without.
   * @throws GevulotError CLI_SETTING_MISSING
   */
  async setting(name: SettingName): Promise<string> {
    const value = (await this.settings())[name]
    if (value !== undefined) return value
    const { env } = fieldOf(name)
    throw cliError('CLI_SETTING_MISSING', `this command needs ${optionOf(name)}, ${env}, or ${name} in gevulot.json`, {
      details: { setting: name },
    })
  }

  /** A client that only reads. */
  async reader(): Promise<GevulotClient> {
    const { openReader } = await import('./openClient.js')
    this.output.waiting('asking the network')
    return openReader(this)
  }

  /** A client that also sends transactions of the configured key. */
  async client(): Promise<GevulotClient> {
    const { openClient } = await import('./openClient.js')
    this.output.waiting('asking the network')
    return openClient(this)
  }
}

/** A setting's option: `--key-file`. */
export function optionOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function fieldOf(name: SettingName) {
  const field = SETTINGS.find((candidate) => candidate.name === name)
  if (field === undefined) throw new TypeError(`no setting ${name}`)
  return field
}
