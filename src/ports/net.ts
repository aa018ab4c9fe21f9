// What of the network is not HTTP: does a port answer, what certificate does it show, where is a name. Addresses are checked as those
// of HTTP requests are. Nothing is sent beyond what a connection and a handshake need.
import type { Instant } from '../domain/json.ts';

export interface NetPlace {
  /** A name, an address, or an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** What a TLS server showed, whether or not it can be trusted. */
export interface Certificate {
  readonly trusted: boolean;
  /** Why not; '' when it is. */
  readonly why: string;
  readonly validTo: Instant;
}

/**
 * @throws BELAY_HTTP_REFUSED (address not allowed), BELAY_HTTP_FAILED (no answer, or no such name). The effect is always none.
 */
export interface Net {
  /** Opens a TCP connection and closes it. */
  connect(place: NetPlace, signal?: AbortSignal): Promise<{ readonly tookMs: number }>;
  /** Shakes hands as a TLS client and closes. A certificate that cannot be trusted is an answer. */
  handshake(place: NetPlace, signal?: AbortSignal): Promise<{ readonly tookMs: number; readonly certificate: Certificate }>;
  /** Asks the system's resolver. */
  resolve(
    o: { readonly name: string; readonly timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<{ readonly tookMs: number; readonly addresses: readonly string[] }>;
}
