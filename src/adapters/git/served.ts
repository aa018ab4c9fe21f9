// What the service says that it runs, and which release that is. It judges nobody's health.
import { BelayError } from '../../domain/errors.ts';
import type { Http } from '../../ports/http.ts';
import { type History, named, type Releases } from './history.ts';
import type { Settings } from './options.ts';

const VERSION_TIMEOUT_MS = 3_000;

/** Null: it does not say. Undefined: nobody is to be asked. */
export async function askVersion({ versionUrl }: Settings, http: Http | undefined): Promise<string | null | undefined> {
  if (versionUrl === null) return undefined;
  if (http === undefined) return null;
  try {
    const { status, body } = await http.request({ method: 'GET', url: versionUrl, timeoutMs: VERSION_TIMEOUT_MS, maxBytes: 64 * 1024 });
    return status >= 400 ? null : versionIn(body);
  } catch (error) {
    if (BelayError.is(error, 'BELAY_HTTP_REFUSED'))
      throw new BelayError('BELAY_TARGET_UNREACHABLE', error.message, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        cause: error,
      });
    // While it is built again nobody answers: the unit is not ready, and that is what the state says.
    if (BelayError.is(error)) return null;
    throw error;
  }
}

/** `{"commit": …}`, `{"release": …}`, `{"version": …}` or the bare name. */
export function versionIn(body: string): string | null {
  let name: unknown;
  try {
    const json = JSON.parse(body) as unknown;
    const { commit, release, version } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>;
    name = typeof json === 'object' ? (commit ?? release ?? version) : body;
  } catch {
    // Not JSON: then it is the name itself, or nothing.
    name = body;
  }
  return typeof name === 'string' && /^\S{1,200}$/.test(name.trim()) ? name.trim() : null;
}

/** The release of that name, or of a tag `v` and the name; what nobody knows stays as it was said. */
export function releaseServed(version: string, history: History, releases: Releases): string {
  for (const name of [version, `v${version}`]) {
    const found = named(name, history);
    if ('commit' in found) return releases.of(found.commit).release;
  }
  return version;
}
