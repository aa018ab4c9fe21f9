// What this machine does not tell, or tells in a form that is not known: one reason, in words. It knows no source and no batch.
export class Unreadable extends Error {}
