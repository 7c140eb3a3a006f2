/**
 * What recording or claiming network rewards may take, in percent of its estimate. Estimated at the end of one of their epochs and mined in the next, it also
 * closes the one, opens the other and collects what each account earned in its last one: 69 % more for one workload, less for several.
 */
export const EPOCH_MARGIN_PERCENT = 200n
