import { cp } from 'node:fs/promises'
import { join } from 'node:path'

import { directoryProgram } from '../../../sdk/src/content/index.js'
import type { Language } from '../Language.js'
import { compile } from '../toolchain.js'

// A heap of fixed size, one thread for garbage, the quick compiler alone: what the machine gives is small and known.
const OPTIONS = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Xshare:off']

/** A Java runtime of its own, cut down to the modules that the program uses, with the classes beside it. */
export const java: Language = {
  name: 'java',
  tools: ['javac', 'jlink'],
  debian: 'default-jdk-headless',
  resources: { cores: 2, memoryMiB: 256, outputMiB: 1 },
  async build(directory) {
    const [classes, tree] = [join(directory, 'classes'), join(directory, 'tree')]
    await compile('javac', ['-Werror', '-g:none', '-d', classes, join(import.meta.dirname, 'Main.java')])
    const small = ['--strip-java-debug-attributes', '--no-header-files', '--no-man-pages']
    await compile('jlink', ['--add-modules', 'java.base', ...small, '--output', tree])
    await cp(classes, join(tree, 'classes'), { recursive: true })
    return directoryProgram(tree, 'bin/java', { args: [...OPTIONS, '-cp', '/app/classes', 'Main'] })
  },
}
