/** The store of the queue cannot be reached; one that answers and is unfit is no such thing. */
export class QueueAway extends Error {}
