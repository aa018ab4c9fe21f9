// A self-made certificate for tests, written byte by byte so that no program is needed: any names, any validity, a fresh key.
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

export interface SelfMade {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
const OID = { ecdsaWithSha256: '2a8648ce3d040302', commonName: '550403', altName: '551d11', basicConstraints: '551d13' } as const;

/** `days` from now until its end; negative for one that is over. */
export function makeCertificate(o: { readonly names: readonly string[]; readonly days: number }): SelfMade {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const subject = sequence(set(sequence(oid(OID.commonName), text(o.names[0] ?? ''))));
  const signature = sequence(oid(OID.ecdsaWithSha256));
  const body = sequence(
    tag(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    signature,
    subject,
    sequence(time(Math.min(now, now + o.days * DAY_MS) - DAY_MS), time(now + o.days * DAY_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(
      0xa3,
      sequence(
        extension(OID.altName, sequence(...o.names.map(nameOf))),
        extension(OID.basicConstraints, sequence(tag(0x01, Buffer.from([0xff])))),
      ),
    ),
  );
  const signed = sequence(body, signature, bits(createSign('sha256').update(body).sign(privateKey)));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${(signed.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function tag(id: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([id, ...size]), content]);
}
const sequence = (...parts: readonly Buffer[]): Buffer => tag(0x30, Buffer.concat(parts));
const set = (...parts: readonly Buffer[]): Buffer => tag(0x31, Buffer.concat(parts));
const integer = (bytes: Buffer): Buffer => tag(0x02, bytes);
const oid = (hex: string): Buffer => tag(0x06, Buffer.from(hex, 'hex'));
const text = (value: string): Buffer => tag(0x0c, Buffer.from(value));
const bits = (bytes: Buffer): Buffer => tag(0x03, Buffer.concat([Buffer.from([0]), bytes]));
const time = (ms: number): Buffer => tag(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), tag(0x04, value));

function nameOf(name: string): Buffer {
  const four = name.split('.').map(Number);
  return four.length === 4 && four.every((one) => one >= 0) ? tag(0x87, Buffer.from(four)) : tag(0x82, Buffer.from(name));
}
