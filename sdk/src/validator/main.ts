#!/usr/bin/env node
import { daemonMain } from '../worker/daemonMain.js'
import { validatorHelp } from './config/ValidatorConfig.js'
import { serveValidator } from './serveValidator.js'

daemonMain({ help: validatorHelp, serve: serveValidator })
