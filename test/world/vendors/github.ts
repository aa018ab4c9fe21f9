// The issues of one repository, as far as Belay asks for them: they are found by label, made with a title, and remembered.
import { demand, startVendor, type VendorServer } from './vendor-server.ts';

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly state: 'open';
}
export interface GithubServer extends VendorServer {
  readonly issues: Issue[];
}

export async function startGithub(o: { readonly repository: string; readonly token: string }): Promise<GithubServer> {
  const issues: Issue[] = [];
  const shown = (one: Issue) => ({ ...one, labels: one.labels.map((name) => ({ name })) });
  const server = await startVendor(({ method, path, query, headers, body }) => {
    if (headers['authorization'] !== `Bearer ${o.token}`) return { status: 401, json: { message: 'Bad credentials' } };
    demand(path === `/repos/${o.repository}/issues`, 'Not Found', 404);
    if (method === 'GET') {
      const labels = (query.get('labels') ?? '').split(',').filter((one) => one !== '');
      return { status: 200, json: issues.filter((one) => labels.every((label) => one.labels.includes(label))).map(shown) };
    }
    demand(method === 'POST', 'Not Found', 404);
    const { title, labels = [], body: text = '' } = JSON.parse(body) as { title?: string; labels?: string[]; body?: string };
    demand(typeof title === 'string' && title !== '', 'Validation Failed', 422);
    const made: Issue = { number: issues.length + 1, title, body: text, labels, state: 'open' };
    issues.push(made);
    return { status: 201, json: shown(made) };
  });
  return Object.assign(server, { issues });
}
