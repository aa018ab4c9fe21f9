// The images of one repository as releases: each has one name, its tag, or its id where it has none. It changes no image.
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn, labelText, textIn } from '../../domain/received.ts';
import type { Release } from '../../ports/deploy-target.ts';
import { type Engine, unreachable } from './engine.ts';

const MOST_IMAGES = 2_000;
const REPOSITORY = /^[a-z0-9](?:[a-z0-9._/-]|:(?=\d+\/))*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const ID = /^sha256:[0-9a-f]{64}$/;
const ASKED_ID = /^sha256:[0-9a-f]{12,64}$/;

export interface Image {
  readonly id: string;
  /** As releases are named. */
  readonly ref: string;
  readonly tags: readonly string[];
  /** As a registry knows it; '' for one that was never in any. */
  readonly digest: string;
  readonly createdAt: number;
  readonly commit: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function checkRepository(driver: string, repository: string): string {
  if (REPOSITORY.test(repository) && repository.length <= 255) return repository;
  const why = 'it is the name of an image without its tag, such as crm-backend or registry.example/team/crm';
  throw new BelayError('BELAY_CONFIG_INVALID', `driver ${driver}: repository: ${why}`);
}

/** Newest first. @throws BELAY_TARGET_UNREACHABLE */
export async function imagesOf(engine: Engine, repository: string): Promise<readonly Image[]> {
  const filters = encodeURIComponent(JSON.stringify({ reference: [repository] }));
  const found = imagesIn(await engine.look(`/images/json?digests=1&filters=${filters}`), repository);
  if (found === null) throw unreachable(engine.name, 'the list of images is not a list, or is too long');
  return found;
}

/** `GET /images/json`; null when it is no list of images. */
export function imagesIn(json: unknown, repository: string): readonly Image[] | null {
  if (!Array.isArray(json) || json.length > MOST_IMAGES) return null;
  const images = json.flatMap((one): readonly Image[] => {
    const { Id: id, RepoTags: names, RepoDigests: digests, Created: created, Labels: labels } = fieldsIn(one);
    if (typeof id !== 'string' || !ID.test(id)) return [];
    const tags = tagsIn(names, repository);
    return [
      {
        id,
        ref: tags[0] ?? id,
        tags,
        digest: digestIn(digests, repository),
        createdAt: typeof created === 'number' && Number.isFinite(created) && Math.abs(created) < 1e11 ? Math.round(created * 1000) : 0,
        commit: labelText(fieldsIn(labels)['org.opencontainers.image.revision'], 64),
      },
    ];
  });
  return images.toSorted((a, b) => b.createdAt - a.createdAt || b.ref.localeCompare(a.ref, 'en', { numeric: true }));
}

/** `latest` and its like move: they come last. */
function tagsIn(names: unknown, repository: string): readonly string[] {
  const tags = (Array.isArray(names) ? names : [])
    .map((name) => textIn(name))
    .filter((name) => name.startsWith(`${repository}:`))
    .map((name) => name.slice(repository.length + 1))
    .filter((tag) => TAG.test(tag));
  return tags.toSorted((a, b) => Number(isMoving(a)) - Number(isMoving(b)) || b.localeCompare(a, 'en', { numeric: true }));
}

function digestIn(names: unknown, repository: string): string {
  const own = (Array.isArray(names) ? names : []).map((name) => textIn(name)).find((name) => name.startsWith(`${repository}@`));
  const digest = own?.slice(repository.length + 1) ?? '';
  return ID.test(digest) ? digest : '';
}

const isMoving = (tag: string): boolean => !/\d/.test(tag);

/** By tag or by id. */
export function imageNamed(images: readonly Image[], release: string): Image | undefined {
  if (TAG.test(release)) return images.find((one) => one.tags.includes(release));
  if (!ASKED_ID.test(release)) return undefined;
  const found = images.filter((one) => one.id.startsWith(release));
  return found.length === 1 ? found[0] : undefined;
}

export function releasesOf(images: readonly Image[], liveId: string | null): readonly Release[] {
  return images.map(({ id, ref, createdAt, commit }) => ({
    ref,
    version: ref,
    ...(commit === '' ? {} : { commit }),
    artefact: id,
    createdAt,
    status: id === liveId ? 'live' : 'available',
  }));
}

/** What an image is called here: as it was ordered while that is still true. */
export function refOf(images: readonly Image[], id: string, ordered = ''): string {
  if (ordered !== '' && imageNamed(images, ordered)?.id === id) return ordered;
  return images.find((one) => one.id === id)?.ref ?? id;
}
