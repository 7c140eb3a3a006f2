import { plainSchemas } from '../../sdk/src/api/contract/plainSchemas.js'

// Imported first of all: the policy of the page forbids code made of text.
plainSchemas()
