// Secrets by name. A value is handed only to what sends it, is kept nowhere, and is hidden wherever a stranger's text repeats it.
export interface SecretCheck {
  /** The running service uses the same one. */
  readonly same: boolean;
  /** Its token is over. */
  readonly expired: boolean;
  /** A keyed digest: the same for the same secret, and nothing can be read from it. */
  readonly digest: string;
}

/** How a running service shows which secret it uses. */
export type SecretProof =
  | { readonly by: 'challenge'; readonly url: string }
  /** `field`: of the JSON that holds the token. */
  | { readonly by: 'jwt'; readonly url: string; readonly field?: string }
  | { readonly by: 'env-file'; readonly path: string; readonly variable: string };

export interface Secrets {
  /** `{secret.name}` in a text becomes the value. @throws BELAY_NOT_FOUND, BELAY_TARGET_UNREACHABLE */
  fill(text: string): Promise<string>;
  /** Hides each of them in every form that it may have: as it is, base64, percent-encoded, in JSON, in hex. */
  masked(text: string): Promise<string>;
  /** @throws BELAY_NOT_FOUND, BELAY_TARGET_UNREACHABLE */
  compare(name: string, proof: SecretProof): Promise<SecretCheck>;
}

/** One place of one secret. */
export interface SecretPlace {
  /** @throws BELAY_TARGET_UNREACHABLE with why, in words that hold nothing of it */
  read(): Promise<string>;
}
