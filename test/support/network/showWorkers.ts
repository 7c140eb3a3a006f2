import type { WorkerProcess } from './WorkerProcess.js'

/**
 * In a `describe`, before its own hooks: a test that fails shows what its workers said last.
 * @param workers Called behind the test.
 */
export function showWorkers(workers: () => readonly WorkerProcess[] | undefined): void {
  afterEach(function () {
    if (this.currentTest?.isFailed() !== true) return
    for (const worker of workers() ?? []) console.log(`      a worker of the test that failed:\n${worker.tail()}`)
  })
}
