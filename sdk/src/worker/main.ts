#!/usr/bin/env node
import { helpText } from './config/helpText.js'
import { daemonMain } from './daemonMain.js'
import { serve } from './serve.js'

daemonMain({ help: helpText, serve })
