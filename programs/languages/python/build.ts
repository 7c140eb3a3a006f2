import { cp, mkdir, realpath } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'

import { directoryProgram } from '../../../sdk/src/content/index.js'
import type { Language } from '../Language.js'

const PYTHON = '/usr/bin/python3'
// Links into other places of the system, what the interpreter writes itself, and what no prover imports: half of the size.
const LEFT_OUT = new RegExp(
  `^(${[
    ...['sitecustomize\\.py', 'EXTERNALLY-MANAGED', 'config-3.*', 'dist-packages', '__pycache__'],
    ...[
      'test',
      'tests',
      'unittest',
      'idlelib',
      'lib2to3',
      'ensurepip',
      'tkinter',
      'turtledemo',
      'pydoc_data',
      'curses',
    ],
  ].join('|')})$`,
)

/** Debian's interpreter with its library, as a directory. */
export const python: Language = {
  name: 'python',
  tools: [PYTHON],
  debian: 'python3',
  resources: { cores: 1, memoryMiB: 128, outputMiB: 1 },
  async build(directory) {
    const interpreter = await realpath(PYTHON)
    const library = join('/usr/lib', basename(interpreter))
    await mkdir(join(directory, 'bin'))
    await cp(interpreter, join(directory, 'bin/python3'))
    await cp(library, join(directory, 'lib', basename(interpreter)), {
      recursive: true,
      dereference: true,
      filter: (path) =>
        !relative(library, path)
          .split('/')
          .some((part) => LEFT_OUT.test(part)),
    })
    await cp(join(import.meta.dirname, 'main.py'), join(directory, 'main.py'))
    return {
      ...(await directoryProgram(directory, 'bin/python3', { args: ['-S', '/app/main.py'] })),
      env: { PYTHONHOME: '/app', PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' },
    }
  },
}
