// What an example asks of the environment: a value of the right form for each name, for tests that read it and reach none of it.
const FORMS = { _URL: 'http://127.0.0.1:1', _ADDRESS: '127.0.0.1:1', _PORT: '25', _GIT: 'https://git.test/app.git' };

/** @param yaml the text of its belay.yaml */
export function environmentOf(yaml: string): Readonly<Record<string, string>> {
  const names = new Set([...yaml.matchAll(/\{env\.(\w+)\}/g)].map((match) => match[1] ?? ''));
  const databases = new Set(
    [...yaml.matchAll(/driver: (?:sql|postgres|node-pg-migrate),?\s+url: "\{env\.(\w+)\}"/g)].map((match) => match[1] ?? ''),
  );
  const fake = (name: string): string =>
    databases.has(name)
      ? 'postgres://belay@127.0.0.1:1/db'
      : (Object.entries(FORMS).find(([ending]) => name.endsWith(ending))?.[1] ?? 'c2VjcmV0');
  return Object.fromEntries([...names].map((name) => [name, fake(name)]));
}
