/** One field of the configuration; types, validation and help all derive from a table of these. */
export interface ConfigField<T> {
  /** Environment variable; it wins over the file. */
  readonly env: string
  readonly description: string
  /** Used when neither file nor environment has the field; none: the field is required. */
  readonly fallback?: T
  /**
   * Reads what the file (any JSON value) or the environment (text) holds; throws a plain Error that says what is wanted. Relative paths start at
   * `base`.
   */
  readonly parse: (value: unknown, base?: string) => T
  /** Whether the value must never be shown. */
  readonly secret?: true
}

/** A table of fields. */
export type ConfigTable = Readonly<Record<string, ConfigField<unknown>>>

/** The configuration that a table describes. */
export type ConfigOf<Table extends ConfigTable> = {
  readonly [Name in keyof Table]: Table[Name] extends ConfigField<infer T> ? T : never
}
