import { missingPackages, readLockfile } from '../lib/lockfile.js'

/** The lockfile lists the packages of every platform, without which `npm ci` refuses it. */
export function lockfile(): string[] {
  return Object.keys(missingPackages(readLockfile())).map((path) => `${path} is not listed: run \`npm run gen\``)
}
