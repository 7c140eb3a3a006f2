import type { build } from 'esbuild'

/** One script with everything it imports. @param esbuild `build` of the program's own esbuild */
export async function bundle(esbuild: typeof build, script: string): Promise<Uint8Array> {
  const { outputFiles } = await esbuild({
    entryPoints: [script],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    legalComments: 'eof',
    // CommonJS parts of the bundle call `require` for Node.js' own modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  const file = outputFiles[0]
  if (file === undefined) throw new Error(`${script} has no bundle`)
  return file.contents
}
