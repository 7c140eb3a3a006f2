/** In a network namespace of its own: carries TCP connections to a Unix socket outside. Arguments: port, socket. */
import { execFileSync } from 'node:child_process'
import { connect, createServer } from 'node:net'

const [port, socket = ''] = process.argv.slice(2)
execFileSync('ip', ['link', 'set', 'lo', 'up'])
createServer((near) => {
  const far = connect(socket)
  near.pipe(far).pipe(near)
  near.on('error', () => far.destroy())
  far.on('error', () => near.destroy())
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
