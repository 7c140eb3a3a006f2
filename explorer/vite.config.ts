import { defineConfig } from 'vite'

/** The page is packed with the SDK, whose API server serves it: see docs/adr/0022-explorer.md. */
export default defineConfig({
  // Every address is the server's own; deep links are paths.
  base: '/',
  build: {
    outDir: '../sdk/dist/explorer',
    emptyOutDir: true,
    target: 'es2023',
    // Nothing is written into the page that the server's policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // `npm run dev` here, beside `gevulot api serve`.
  server: { host: '127.0.0.1', proxy: { '/v1': 'http://127.0.0.1:8546' } },
})
