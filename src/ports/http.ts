// The one place where a request leaves Belay. Addresses are checked after resolution and for literals.
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
  /** A program of this machine, by the path of its unix socket: the host of `url` is only a name then. */
  readonly socket?: string;
  /** Certificates (PEM) that are trusted besides, for this request: of those who sign for themselves. */
  readonly ca?: string;
}
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tookMs: number;
}

export interface Http {
  /**
   * No redirect is followed. Any status is an answer.
   * @throws BELAY_HTTP_REFUSED (address not allowed; effect none), BELAY_HTTP_FAILED (no answer; `effect` none when the connection
   * was never made, unknown afterwards).
   */
  request(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
}
