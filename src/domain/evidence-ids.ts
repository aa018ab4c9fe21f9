// Evidence that the log of an incident tells by itself: nobody has to keep it, and nobody can.
export const EVIDENCE_OF_THE_LOG: readonly string[] = ['detected-at', 'trigger', 'decision'];
