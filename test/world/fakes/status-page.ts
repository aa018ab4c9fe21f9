// A status page that remembers what it was given.
import type { StatusPage, StatusPageModel } from '../../../src/ports/status-page.ts';

export type FakeStatusPage = StatusPage & { readonly published: StatusPageModel[] };

export function createFakeStatusPage(): FakeStatusPage {
  const published: StatusPageModel[] = [];
  return {
    published,
    publish: async (model) => {
      published.push(model);
      return '/status/index.html';
    },
  } satisfies FakeStatusPage;
}
