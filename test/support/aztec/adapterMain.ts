import { aztecHelp } from '../../../sdk/src/aztec/config/AztecConfig.js'
import { serveAztec } from '../../../sdk/src/aztec/serveAztec.js'
import { daemonMain } from '../../../sdk/src/worker/daemonMain.js'

// What `gevulot aztec serve` runs, as a process with nothing around it.
daemonMain({ help: aztecHelp, serve: serveAztec })
