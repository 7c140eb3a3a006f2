/** Exit codes of every command, with their meaning for people. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'done' },
  refused: { code: 1, meaning: 'it cannot be done; repeating the same command will not help' },
  usage: { code: 2, meaning: 'the command line is wrong' },
  disagrees: {
    code: 3,
    meaning: 'an audit, a rerun, or the check of a fetched proof came out differently from what is on record',
  },
  sent: {
    code: 4,
    meaning:
      'a transaction was sent, and whether it is in the chain is not known: look for its hash before the command is repeated',
  },
  bug: { code: 70, meaning: 'an unexpected error, which is a bug' },
  temporary: { code: 75, meaning: 'it cannot be done now; the same command may succeed later' },
  interrupted: { code: 130, meaning: 'stopped by Ctrl-C or SIGTERM' },
} as const
