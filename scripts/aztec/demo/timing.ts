/** Seconds of a slot of the rollup. */
export const SLOT_SECONDS = 12
/** Slots of an epoch: it is over after less than a minute. */
export const EPOCH_SLOTS = 4
/** Epochs after its own in which an epoch can be proven: a quarter of an hour, for a machine that has other things to do. */
export const PROOF_EPOCHS = 20
