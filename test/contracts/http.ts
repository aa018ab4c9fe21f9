// What every Http promises. `make` gives one that may reach a small server with these paths: /ok answers 200 "fine", /missing 404,
// /moved 302 to /ok, /slow never, /reset breaks the connection after the request, /long more than 1 MiB, /echo what it was sent.
import { afterEach, describe, expect, it } from 'vitest';
import type { Http } from '../../src/ports/http.ts';

export interface HttpUnderTest {
  readonly http: Http;
  readonly url: string;
  /** An address where nobody listens. */
  readonly deadUrl: string;
  close(): Promise<void>;
}

export function httpContract(name: string, make: () => Promise<HttpUnderTest>): void {
  describe(`the HTTP contract, kept by ${name}`, () => {
    const open: HttpUnderTest[] = [];
    const setUp = async (): Promise<HttpUnderTest> => {
      const made = await make();
      open.push(made);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close();
    });
    const get = (
      { http, url }: HttpUnderTest,
      path: string,
      more: { readonly timeoutMs?: number; readonly maxBytes?: number } = {},
      signal?: AbortSignal,
    ) => http.request({ method: 'GET', url: `${url}${path}`, timeoutMs: 5_000, ...more }, signal);

    it('gives any answer back, good or bad', async () => {
      const made = await setUp();
      expect(await get(made, '/ok')).toMatchObject({ status: 200, body: 'fine' });
      expect(await get(made, '/missing')).toMatchObject({ status: 404 });
      expect((await get(made, '/ok')).tookMs).toBeGreaterThanOrEqual(0);
    });

    it('follows no redirect', async () => {
      const answer = await get(await setUp(), '/moved');
      expect([answer.status, answer.headers['location']]).toEqual([302, '/ok']);
    });

    it('carries method, headers and body', async () => {
      const { http, url } = await setUp();
      const answer = await http.request({ method: 'POST', url: `${url}/echo`, headers: { 'X-Who': 'ana' }, body: 'olá', timeoutMs: 5_000 });
      expect(JSON.parse(answer.body)).toEqual({ method: 'POST', who: 'ana', body: 'olá' });
    });

    it('says that nothing happened when nobody was there', async () => {
      const { http, deadUrl } = await setUp();
      await expect(http.request({ method: 'GET', url: deadUrl, timeoutMs: 5_000 })).rejects.toMatchObject({
        code: 'BELAY_HTTP_FAILED',
        effect: 'none',
      });
    });

    it.each(['/slow', '/reset'])('says that it cannot know what happened when it was sent and not answered: %s', async (path) => {
      await expect(get(await setUp(), path, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED', effect: 'unknown' });
    });

    it('ends at once when it is cancelled', async () => {
      const made = await setUp();
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 30);
      await expect(get(made, '/slow', {}, stop.signal)).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED' });
      await expect(get(made, '/ok', {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED', effect: 'none' });
    });

    it('reads no more than it may', async () => {
      const made = await setUp();
      await expect(get(made, '/long')).rejects.toMatchObject({
        code: 'BELAY_HTTP_FAILED',
        message: expect.stringContaining('longer than'),
      });
      await expect(get(made, '/ok', { maxBytes: 3 })).rejects.toMatchObject({ code: 'BELAY_HTTP_FAILED' });
      expect((await get(made, '/ok', { maxBytes: 4 })).body).toBe('fine');
    });

    it.each([
      'http://169.254.169.254/latest/meta-data',
      'http://10.0.0.1/',
      'http://metadata.google.internal/',
      'ftp://example.org/',
      'not an address',
      'http://ana:secret@example.org/',
    ])('refuses %s before anything leaves, and writes no password down', async (url) => {
      const { http } = await setUp();
      const refused = http.request({ method: 'GET', url, timeoutMs: 5_000 });
      await expect(refused).rejects.toMatchObject({ code: 'BELAY_HTTP_REFUSED', effect: 'none' });
      await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
    });
  });
}
