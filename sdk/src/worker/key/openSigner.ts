import { getAddress } from 'ethers'
import type { Address } from '../../chain/hex.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { ExternalSigner } from './ExternalSigner.js'

/** The part of a configuration that says who signs. */
export type KeyConfig = Pick<
  WorkerConfig,
  'keyFile' | 'keyPasswordFile' | 'signerUrl' | 'signerAccount' | 'signerTimeoutMs'
>

/** Whether an external signer holds the key, and no file does. */
export function isKeyElsewhere({ signerUrl }: Pick<KeyConfig, 'signerUrl'>): boolean {
  return signerUrl.reveal() !== ''
}

/**
 * Opens the external signer of a configuration.
 * @throws GevulotError WORKER_SIGNER_UNAVAILABLE, WORKER_SIGNER_REFUSED
 */
export async function openSigner(config: KeyConfig, log: Logger): Promise<ExternalSigner> {
  const { signerUrl: url, signerAccount, signerTimeoutMs: timeoutMs } = config
  return ExternalSigner.open({ url, account: getAddress(signerAccount) as Address, timeoutMs, log })
}

/** What is wrong with a worker's fields beside each other. */
export function workerMistakes(config: Partial<WorkerConfig>): readonly string[] {
  const { operator = '', appealUpTo = 0 } = config
  // A submitter key moves no money.
  const cannotAppeal = operator !== '' && appealUpTo > 0
  return [
    ...keyMistakes(config),
    ...(cannotAppeal ? ['appealUpTo (GEVULOT_APPEAL_UP_TO) needs the key of the operator, and operator is there'] : []),
  ]
}

/** What is wrong with the fields that say who signs; fields that could not be read have their own mistake. */
export function keyMistakes({ keyFile, signerUrl, signerAccount }: Partial<KeyConfig>): readonly string[] {
  if (keyFile === undefined || signerUrl === undefined || signerAccount === undefined) return []
  if (!isKeyElsewhere({ signerUrl })) {
    if (signerAccount !== '') return ['signerUrl (GEVULOT_SIGNER_URL) is missing, and signerAccount is there']
    return keyFile === ''
      ? ['keyFile (GEVULOT_KEY_FILE) is missing; or name an external signer by signerUrl and signerAccount']
      : []
  }
  const mistakes = []
  if (keyFile !== '') mistakes.push('keyFile (GEVULOT_KEY_FILE) and signerUrl (GEVULOT_SIGNER_URL) are both there')
  if (signerAccount === '') mistakes.push('signerAccount (GEVULOT_SIGNER_ACCOUNT) is missing, and signerUrl is there')
  return mistakes
}
