/** The real worker, in which something fails that nobody waits for, on SIGUSR2. */
process.on('SIGUSR2', () => void Promise.reject(new Error('nobody waits for this')))
await import('../../../sdk/src/worker/main.js')
