export { startDevnet, type Devnet, type DevnetInfo, type DevnetOptions } from './startDevnet.js'
