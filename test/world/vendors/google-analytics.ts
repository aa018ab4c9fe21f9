// Google's token endpoint and the Data API of Analytics (v1beta) as far as Belay asks them: assertions are verified, tokens expire, reports
// are of what was counted. Written from the public reference; nobody's client was driven against it.
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { BadRequest, demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

const MINUTE_MS = 60_000;
const EMAIL = 'belay@shop.iam.gserviceaccount.com';

export interface AnalyticsState {
  /** By minute, then by what the dimensions after minutesAgo say, joined by a comma: one number for each metric. */
  readonly minutes: Map<number, Readonly<Record<string, readonly number[]>>>;
  today: Readonly<Record<string, readonly number[]>>;
  /** Google's clock. */
  now: () => number;
  tokens: number;
  takenBack: boolean;
}
export type AnalyticsServer = VendorServer & { readonly state: AnalyticsState; readonly key: string; readonly tokenUrl: string };

export async function startGoogleAnalytics(o: { readonly property: string }): Promise<AnalyticsServer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const state: AnalyticsState = { minutes: new Map(), today: {}, now: () => Date.now(), tokens: 0, takenBack: false };
  let tokenUrl = '';
  const server = await startVendor(({ method, path, headers, body }): VendorReply => {
    demand(method === 'POST', `${method} is not POST`, 405);
    if (path === '/token') {
      demand(headers['content-type'] === 'application/x-www-form-urlencoded', 'the content type is no form');
      const form = new URLSearchParams(body);
      demand(form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'unsupported_grant_type');
      demandAssertion(form.get('assertion') ?? '', {
        publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        tokenUrl,
        now: state.now(),
      });
      state.tokens += 1;
      state.takenBack = false;
      return { status: 200, json: { access_token: `ya29.hunter2-${state.tokens}`, expires_in: 3_599, token_type: 'Bearer' } };
    }
    const isGood = headers['authorization'] === `Bearer ya29.hunter2-${state.tokens}` && !state.takenBack;
    if (!isGood)
      return {
        status: 401,
        json: { error: { code: 401, message: 'Request had invalid authentication credentials.', status: 'UNAUTHENTICATED' } },
      };
    const [, property, what] = /^\/v1beta\/properties\/(\d+):(runReport|runRealtimeReport)$/.exec(path) ?? [];
    demand(what !== undefined, `${path} is not described`, 404);
    if (property !== o.property)
      return {
        status: 403,
        json: {
          error: { code: 403, message: 'User does not have sufficient permissions for this property.', status: 'PERMISSION_DENIED' },
        },
      };
    return { status: 200, json: reportOf(what, JSON.parse(body) as ReportRequest, state) };
  });
  tokenUrl = `${server.url}/token`;
  return Object.assign(server, {
    state,
    tokenUrl,
    key: JSON.stringify({ type: 'service_account', client_email: EMAIL, private_key: pem }),
  });
}

function demandAssertion(assertion: string, o: { readonly publicKey: string; readonly tokenUrl: string; readonly now: number }): void {
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString() || '{}') as Record<string, unknown>;
  demand(read(header)['alg'] === 'RS256', 'invalid_grant: the algorithm is not RS256');
  demand(
    createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(o.publicKey, signature, 'base64url'),
    'invalid_grant: Invalid JWT Signature.',
  );
  const { iss, aud, scope, iat, exp } = read(claims);
  demand(iss === EMAIL && aud === o.tokenUrl, 'invalid_grant: Invalid issuer or audience.');
  demand(scope === 'https://www.googleapis.com/auth/analytics.readonly', 'invalid_scope');
  const now = o.now / 1000;
  demand(
    typeof iat === 'number' && typeof exp === 'number' && iat <= now + 300 && exp > now && exp - iat <= 3_600,
    'invalid_grant: Token must be short-lived.',
  );
}

interface ReportRequest {
  readonly dimensions?: readonly { readonly name: string }[];
  readonly metrics: readonly { readonly name: string }[];
  readonly minuteRanges?: readonly { readonly startMinutesAgo: number; readonly endMinutesAgo: number }[];
  readonly dateRanges?: readonly { readonly startDate: string; readonly endDate: string }[];
}

function reportOf(what: string, request: ReportRequest, { minutes, today, now }: AnalyticsState): object {
  const known = ['dimensions', 'metrics', 'minuteRanges', 'dateRanges', 'limit'];
  for (const key of Object.keys(request))
    if (!known.includes(key)) throw new BadRequest(`Invalid JSON payload received. Unknown name "${key}"`);
  demand(request.metrics.length > 0 && request.metrics.length <= 10, 'metrics: between 1 and 10');
  const isRealtime = what === 'runRealtimeReport';
  demand((request.dateRanges === undefined) === isRealtime, isRealtime ? 'Unknown name "dateRanges"' : 'A dateRange is required.');
  for (const { startMinutesAgo, endMinutesAgo } of request.minuteRanges ?? [])
    demand(startMinutesAgo <= 29 && endMinutesAgo <= startMinutesAgo, 'minuteRanges: at most 29 minutes ago');
  const dimensions = request.dimensions ?? [];
  demand(isRealtime === (dimensions[0]?.name === 'minutesAgo'), 'minutesAgo belongs to realtime reports, first');
  const row = (names: readonly string[], metrics: readonly number[]): object => ({
    dimensionValues: names.map((value) => ({ value })),
    metricValues: metrics.map((value) => ({ value: String(value) })),
  });
  const thisMinute = Math.floor(now() / MINUTE_MS);
  const split = (key: string): readonly string[] => (key === '' ? [] : key.split(','));
  const rows = isRealtime
    ? [...minutes].flatMap(([at, counts]) => {
        const ago = thisMinute - at / MINUTE_MS;
        return ago < 0 || ago > 29
          ? []
          : Object.entries(counts).map(([key, metrics]) => row([String(ago).padStart(2, '0'), ...split(key)], metrics));
      })
    : Object.entries(today).map(([key, metrics]) => row(split(key), metrics));
  const headers = { dimensionHeaders: dimensions, metricHeaders: request.metrics.map(({ name }) => ({ name, type: 'TYPE_INTEGER' })) };
  return { ...headers, ...(rows.length === 0 ? {} : { rows, rowCount: rows.length }), kind: `analyticsData#${what}` };
}
