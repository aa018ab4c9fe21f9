// The file format of age (age-encryption.org/v1) to and from one X25519 key, so that what is secret is encrypted in the process that holds it
// and anybody with the program `age` can open the file without Belay. It knows no other recipient and reads no file.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const CHUNK = 64 * 1024;
const TAG = 16;
const MAGIC = 'age-encryption.org/v1';
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** Why a text is no identity, or a file cannot be opened with it. Holds nothing of either. */
export class NotOpened extends Error {}

export interface Identity {
  readonly secret: KeyObject;
  /** Its public half, 32 bytes. */
  readonly recipient: Buffer;
}

/** Of a file that `age-keygen` wrote: the first key in it. @throws NotOpened */
export function identityIn(text: string): Identity {
  const line = text.split(/\r?\n/).find((one) => one.startsWith('AGE-SECRET-KEY-1'));
  if (line === undefined) throw new NotOpened('it holds no line AGE-SECRET-KEY-1…');
  const raw = bech32(line.trim().toLowerCase(), 'age-secret-key-');
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: 'der', type: 'pkcs8' });
  return { secret, recipient: publicOf(secret) };
}

const [BEGIN, END] = ['-----BEGIN AGE ENCRYPTED FILE-----', '-----END AGE ENCRYPTED FILE-----'];

/** As text, which the program opens as it is. */
export function armoured(file: Buffer): string {
  return `${[BEGIN, ...(file.toString('base64').match(/.{1,64}/g) ?? []), END].join('\n')}\n`;
}

/** @throws NotOpened */
export function unarmoured(text: string): Buffer {
  const lines = text.trim().split(/\r?\n/);
  if (lines[0] !== BEGIN || lines.at(-1) !== END) throw new NotOpened('it is no text of age, or it is cut off');
  return Buffer.from(lines.slice(1, -1).join(''), 'base64');
}

export function encrypted(plain: Buffer, { recipient }: Pick<Identity, 'recipient'>): Buffer {
  const [fileKey, nonce] = [randomBytes(16), randomBytes(16)];
  const { privateKey } = generateKeyPairSync('x25519');
  const share = publicOf(privateKey);
  const wrap = wrapKey(diffieHellman({ privateKey, publicKey: publicKeyOf(recipient) }), share, recipient);
  const head = `${MAGIC}\n-> X25519 ${base64(share)}\n${base64(sealed(wrap, Buffer.alloc(12), fileKey))}\n---`;
  const payload = derived(fileKey, nonce, 'payload');
  const count = Math.max(1, Math.ceil(plain.length / CHUNK));
  const chunks = Array.from({ length: count }, (_, n) =>
    sealed(payload, chunkNonce(n, n === count - 1), plain.subarray(n * CHUNK, (n + 1) * CHUNK)),
  );
  return Buffer.concat([Buffer.from(`${head} ${base64(macOf(fileKey, head))}\n`), nonce, ...chunks]);
}

/** @throws NotOpened */
export function decrypted(file: Buffer, { secret, recipient }: Identity): Buffer {
  const end = file.indexOf('\n---');
  const line = end < 0 ? -1 : file.indexOf('\n', end + 1);
  if (line < 0 || !file.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) throw new NotOpened('it is no file of age');
  const head = file.subarray(0, end + 4).toString('latin1');
  const fileKey = [...head.matchAll(/\n-> X25519 ([\w+/]{43})\n([\w+/]{43})(?=\n)/g)]
    .map(([, share = '', body = '']) => unwrapped(Buffer.from(share, 'base64'), Buffer.from(body, 'base64'), { secret, recipient }))
    .find((one) => one !== null);
  if (fileKey === undefined) throw new NotOpened('it is not encrypted to this key');
  const mac = Buffer.from(file.subarray(end + 5, line).toString('latin1'), 'base64');
  const mine = macOf(fileKey, head);
  if (mac.length !== mine.length || !timingSafeEqual(mac, mine)) throw new NotOpened('its head has been changed');
  return payloadOf(file.subarray(line + 1), fileKey);
}

function payloadOf(body: Buffer, fileKey: Buffer): Buffer {
  const [key, rest] = [derived(fileKey, body.subarray(0, 16), 'payload'), body.subarray(16)];
  const count = Math.ceil(rest.length / (CHUNK + TAG));
  if (count === 0) throw new NotOpened('it is cut off');
  const chunks = Array.from({ length: count }, (_, n) =>
    opened(key, chunkNonce(n, n === count - 1), rest.subarray(n * (CHUNK + TAG), (n + 1) * (CHUNK + TAG))),
  );
  if (chunks.some((one) => one === null)) throw new NotOpened('it has been changed, or is cut off');
  return Buffer.concat(chunks.filter((one) => one !== null));
}

function unwrapped(share: Buffer, body: Buffer, { secret, recipient }: Identity): Buffer | null {
  try {
    const shared = diffieHellman({ privateKey: secret, publicKey: publicKeyOf(share) });
    return opened(wrapKey(shared, share, recipient), Buffer.alloc(12), body);
  } catch {
    // A share that is no point of the curve is nobody's.
    return null;
  }
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
const derived = (key: Buffer, salt: Buffer, info: string): Buffer => Buffer.from(hkdfSync('sha256', key, salt, info, 32));
const wrapKey = (shared: Buffer, share: Buffer, recipient: Buffer): Buffer =>
  derived(shared, Buffer.concat([share, recipient]), `${MAGIC}/X25519`);
const macOf = (fileKey: Buffer, head: string): Buffer =>
  createHmac('sha256', derived(fileKey, Buffer.alloc(0), 'header'))
    .update(head, 'latin1')
    .digest();
const publicOf = (secret: KeyObject): Buffer => Buffer.from(createPublicKey(secret).export({ format: 'jwk' }).x ?? '', 'base64url');
const publicKeyOf = (raw: Buffer): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') }, format: 'jwk' });

function chunkNonce(n: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(n, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function sealed(key: Buffer, nonce: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function opened(key: Buffer, nonce: Buffer, box: Buffer): Buffer | null {
  if (box.length < TAG) return null;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  decipher.setAuthTag(box.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(box.subarray(0, -TAG)), decipher.final()]);
  } catch {
    // Its tag does not fit: another key, or other bytes.
    return null;
  }
}

/** The 32 bytes of a key as it is written (BIP 173). @throws NotOpened */
function bech32(text: string, prefix: string): Buffer {
  const wrong = new NotOpened('its key is not written as age writes it');
  const values = Array.from(text.slice(prefix.length + 1), (letter) => LETTERS.indexOf(letter));
  if (!text.startsWith(`${prefix}1`) || values.length !== 58 || values.includes(-1)) throw wrong;
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
  const expanded = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
  if (checksum([...expanded, ...values]) !== 1) throw wrong;
  const bits = values
    .slice(0, -6)
    .map((value) => value.toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(Array.from({ length: 32 }, (_, n) => Number.parseInt(bits.slice(n * 8, n * 8 + 8), 2)));
}

function checksum(values: readonly number[]): number {
  const steps = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  return values.reduce((sum, value) => {
    const shifted = ((sum & 0x1ffffff) << 5) ^ value;
    return steps.reduce((all, step, n) => (((sum >> 25) >> n) & 1 ? all ^ step : all), shifted);
  }, 1);
}
