// Tells long texts apart by a short one, where a key must stay short. Not for secrets and not for proofs: anybody can make two texts
// that look the same to it.

/** Offset basis and prime of FNV-1a with 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const LANES = [0, 1, 2, 3] as const;

/** 128 bits as hexadecimal digits: FNV-1a over the UTF-16 units, from four different beginnings. */
export function digestOf(text: string): string {
  return LANES.map((lane) => laneOf(text, lane).toString(16).padStart(8, '0')).join('');
}

function laneOf(text: string, lane: number): number {
  let hash = Math.imul(BASIS ^ lane, PRIME);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), PRIME);
    hash = Math.imul(hash ^ (unit >>> 8), PRIME);
  }
  return hash >>> 0;
}
