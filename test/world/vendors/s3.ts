// Amazon S3 as far as a look needs it: the list of a bucket, version 2, in pages, with signatures of version 4 checked. The rules are those of
// its published API; the subset is our own.
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly at: number;
}

const PAGE = 3;
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (one) => `&#${one.charCodeAt(0)};`);
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

export async function startS3(o: { readonly accessKey: string; readonly secretKey: string; readonly bucket: string }) {
  const objects: StoredObject[] = [];
  const asked: string[] = [];
  const state = { down: false };

  const isSigned = ({ method = '', headers }: IncomingMessage, url: URL): boolean => {
    const [, scope = '', names = '', signature = ''] =
      /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '') ?? [];
    const [key = '', ...rest] = scope.split('/');
    const [day = '', region = '', service = ''] = rest;
    if (key !== o.accessKey) return false;
    const query = [...url.searchParams]
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
      .toSorted()
      .join('&');
    const signed = names
      .split(';')
      .map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`)
      .join('');
    const canonical = [method, url.pathname, query, signed, names, headers['x-amz-content-sha256']].join('\n');
    const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], rest.join('/'), hash(canonical)].join('\n');
    const secret = [day, region, service, 'aws4_request'].reduce<string | Buffer>((one, part) => mac(one, part), `AWS4${o.secretKey}`);
    return mac(secret, text).toString('hex') === signature;
  };

  const list = (query: URLSearchParams): string => {
    const prefix = query.get('prefix') ?? '';
    const all = objects.filter((one) => one.key.startsWith(prefix)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const from = Number(query.get('continuation-token') ?? 0);
    const page = all.slice(from, from + PAGE);
    const next = from + PAGE < all.length ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : '';
    const contents = page.map(
      ({ key, bytes, at }) =>
        `<Contents><Key>${escaped(query.get('encoding-type') === 'url' ? encodeURIComponent(key) : key)}</Key><LastModified>${new Date(at).toISOString()}</LastModified><ETag>"x"</ETag><Size>${bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
    return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${o.bucket}</Name><Prefix>${escaped(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>${next !== ''}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
  };
  const refusal = (code: string): string =>
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;

  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://s3');
    asked.push(`${request.method} ${url.pathname}?${url.searchParams.get('prefix') ?? ''}`);
    const answer = (status: number, body: string): void => void response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
    if (state.down) return answer(503, refusal('SlowDown'));
    if (!isSigned(request, url)) return answer(403, refusal('SignatureDoesNotMatch'));
    if (url.pathname !== `/${o.bucket}`) return answer(404, refusal('NoSuchBucket'));
    if (request.method !== 'GET' || url.searchParams.get('list-type') !== '2') return answer(501, refusal('NotImplemented'));
    answer(200, list(url.searchParams));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    asked,
    state,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
