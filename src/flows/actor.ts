// Belay itself, as the actor of what it does alone.
import type { Actor } from '../domain/event.ts';

export const BELAY: Actor = { kind: 'engine', id: 'belay' };
