// Bugs: our own mistakes. A failed assertion stops the flow, leaves the journal, and doors print "please report".

export class Bug extends Error {
  override readonly name = 'Bug';
}

/** Throws `Bug` when `condition` is false. For what must hold whatever the world does, never for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}
