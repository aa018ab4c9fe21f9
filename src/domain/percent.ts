// Text in which %40 stands for @. It knows no address.

/** What it stands for; as it is written where a percent sign encodes nothing. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // No encoding: that is said by giving it back.
    return text;
  }
}
