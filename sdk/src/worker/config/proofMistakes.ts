import type { WorkerConfig } from './WorkerConfig.js'

/** What is wrong with the places of proofs: only an IPFS node says by itself where others read what it has. */
export function proofMistakes({
  proofDirectories,
  proofUrls,
  proofUri,
}: Partial<Pick<WorkerConfig, 'proofDirectories' | 'proofUrls' | 'proofUri'>>): string[] {
  if (proofDirectories === undefined || proofUrls === undefined || proofUri === undefined) return []
  const isAnywhere = proofDirectories.length + proofUrls.length > 0
  if (!isAnywhere || proofUri !== '' || proofUrls.some((place) => place.startsWith('kubo'))) return []
  return [
    'proofUri (GEVULOT_PROOF_URI) is missing, and proofDirectories or proofUrls are there: validators would not find the proofs, which then count as invalid, for example https://proofs.example.org/',
  ]
}
