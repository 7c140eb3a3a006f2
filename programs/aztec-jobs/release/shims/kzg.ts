import { createRequire } from 'node:module'

interface Kzg {
  create(options: { readonly usePrecomp: boolean }): object
}

const { DasContextJs: Published } = createRequire('/app/main.mjs')('/app/kzg.node') as { readonly DasContextJs: Kzg }

// The tables take seconds to make and help with cells only, which no circuit asks for.
export const DasContextJs = { create: () => Published.create({ usePrecomp: false }) }
export const BYTES_PER_BLOB = 131_072
export const BYTES_PER_COMMITMENT = 48
export const BYTES_PER_PROOF = 48
export const BYTES_PER_FIELD_ELEMENT = 32
