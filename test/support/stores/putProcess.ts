/** Puts a file into an S3 server, in a process of its own, to be killed. What it works with comes on its standard input. */
import { text } from 'node:stream/consumers'

import { S3Store, type S3StoreOptions } from '../../../sdk/src/content/index.js'

const { path, ...options } = JSON.parse(await text(process.stdin)) as S3StoreOptions & { readonly path: string }
await new S3Store(options).put({ path })
