/** It was told to stop, and has. */
export const EXIT_OK = 0
/** Somebody has to mend something first: a restart changes nothing. */
export const EXIT_USER = 1
/** It may pass: a supervisor starts it again, which resumes all work. */
export const EXIT_TEMPORARY = 75
