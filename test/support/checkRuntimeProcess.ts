import { BubblewrapRuntime } from '../../sdk/src/runtime/bubblewrap/BubblewrapRuntime.js'

// Prints the check of the runtime bubblewrap, which runs a program, as it is where this process was put.
const [workDirectory] = process.argv.slice(2)
console.log(JSON.stringify(await new BubblewrapRuntime({ workDirectory: workDirectory! }).check()))
