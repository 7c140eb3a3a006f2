/** What files with a verifying key are called: `vk`, `circuit.vk`, `verification_key.json`, `verifying-key.bin`. */
const KEY_NAME = /(^|[^A-Za-z0-9])vk([^A-Za-z0-9]|$)|verif(y|ying|ication|ier)[-_.]?key/i

/** Whether a path or a name is that of a verifying key. */
export function namesKey(text: string): boolean {
  return KEY_NAME.test(text)
}
