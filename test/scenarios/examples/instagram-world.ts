// The world of examples/instagram-dm for a test file that plays it, with n8n as a server that remembers. It judges nothing.
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { instagramStory, ORGANIZATIONS, type StoryGround } from '../../world/scenes/instagram.ts';
import { startN8n } from '../../world/vendors/n8n.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

/** The v2 of one organization is broken; everything of this test file is closed after each test. */
export async function regression(o: Pick<StoryGround, 'isArmed' | 'measured'> = {}) {
  const n8n = await startN8n({ key: 'n8n-key' });
  closing.push(() => n8n.close());
  for (const org of ORGANIZATIONS) {
    n8n.add({ name: `ig-dm-v1-${org}`, path: `ig-${org}` });
    n8n.add({ name: `ig-dm-v2-${org}`, path: `ig-${org}`, active: true });
  }
  const fallbackIsOn = (): boolean => n8n.routes.get('POST ig-acme') === n8n.workflows.find((one) => one.name === 'ig-dm-v1-acme')?.id;
  return { n8n, fallbackIsOn, ...(await instagramStory({ postgres, closing, n8n: { url: n8n.url, key: 'n8n-key' }, ...o })) };
}

export type InstagramWorld = Awaited<ReturnType<typeof regression>>;
