// What a client says to Postgres, read from its bytes: the text of each statement that is carried out, simple or prepared. Whatever it cannot
// follow breaks the record for good: a record with a hole in it would say less than was done. It opens nothing.

const MOST_MESSAGE = 4 * 1024 * 1024;
const MOST_TEXT = 16 * 1024 * 1024;
const SSL = 80_877_103;
const GSS = 80_877_104;
const CANCEL = 80_877_102;

/** `no`: what must be answered with "N", because the client asks for a channel that could not be read. */
export type Heard = 'no' | 'cancel' | 'start' | null;

export class WireRecord {
  readonly #prepared = new Map<string, string>();
  #rest: Buffer = Buffer.alloc(0);
  readonly #onSaid: (text: string) => void;
  #isStarted = false;
  #size = 0;
  isBroken = false;

  constructor(onSaid: (text: string) => void) {
    this.#onSaid = onSaid;
  }

  /** Of the connection's first message what it wants; null for all others. */
  hear(bytes: Buffer): Heard {
    if (this.isBroken) return null;
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (!this.#isStarted) return this.#begin();
    this.#read();
    return null;
  }

  #begin(): Heard {
    if (this.#rest.length < 8) return null;
    const length = this.#rest.readUInt32BE(0);
    if (length < 8 || length > 65_536) return this.#break();
    if (this.#rest.length < length) return null;
    const code = this.#rest.readUInt32BE(4);
    this.#rest = this.#rest.subarray(length);
    if (code === SSL || code === GSS) return 'no';
    if (code === CANCEL) return 'cancel';
    this.#isStarted = true;
    this.#read();
    return 'start';
  }

  #read(): void {
    while (!this.isBroken && this.#rest.length >= 5) {
      const length = this.#rest.readUInt32BE(1);
      if (length < 4 || length > MOST_MESSAGE) return void this.#break();
      if (this.#rest.length < length + 1) return;
      this.#message(String.fromCharCode(this.#rest[0] ?? 0), this.#rest.subarray(5, length + 1));
      this.#rest = this.#rest.subarray(length + 1);
    }
  }

  #message(kind: string, body: Buffer): void {
    if (kind === 'Q') this.#note(textsOf(body, 1)?.[0]);
    else if (kind === 'P') {
      const [name, text] = textsOf(body, 2) ?? [];
      if (name === undefined || text === undefined || this.#prepared.size > 10_000) this.#break();
      else this.#prepared.set(name, text);
    } else if (kind === 'B') this.#note(this.#prepared.get(textsOf(body, 2)?.[1] ?? ''));
    // A function called past SQL.
    else if (kind === 'F') this.#break();
  }

  #note(text: string | undefined): void {
    this.#size += text?.length ?? 0;
    if (text === undefined || this.#size > MOST_TEXT) this.#break();
    else this.#onSaid(text);
  }

  #break(): null {
    this.isBroken = true;
    this.#rest = Buffer.alloc(0);
    return null;
  }
}

/** Texts that each end with a zero; null where there are fewer. */
function textsOf(body: Buffer, count: number): readonly string[] | null {
  const texts: string[] = [];
  for (let from = 0; texts.length < count; ) {
    const end = body.indexOf(0, from);
    if (end === -1) return null;
    texts.push(body.toString('utf8', from, end));
    from = end + 1;
  }
  return texts;
}
