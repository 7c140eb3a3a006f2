import type { WorkerConfig } from './WorkerConfig.js'

/** What is wrong with a reserve: without a server it would not wait for the other machine, and both would act with one key. */
export function standbyMistakes({
  standby,
  databaseUrl,
}: Partial<Pick<WorkerConfig, 'standby' | 'databaseUrl'>>): string[] {
  if (standby !== true || databaseUrl === undefined || databaseUrl.reveal() !== '') return []
  return [
    'databaseUrl (DATABASE_URL) is missing, and standby (GEVULOT_STANDBY) is true: the two machines find out there which of them acts, for example postgres://user:password@host:5432/database',
  ]
}
