// The public page as static files: index.html in the system's language, the other language beside it, status.json.
// Published by atomic rename; it reads no store and asks nobody.
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Lang } from '../../domain/system.ts';
import type { StatusPage, StatusPageModel } from '../../ports/status-page.ts';
import { renderPage } from './page.ts';

export interface StatusFilesOptions {
  /** Folder of the page. */
  readonly dir: string;
}

export function createStatusFiles(options: StatusFilesOptions) {
  const dir = resolve(options.dir);
  let last: Promise<unknown> = Promise.resolve();
  const publish = async (model: StatusPageModel): Promise<string> => {
    const lang = model.lang ?? 'en';
    const other: Lang = lang === 'en' ? 'pt-BR' : 'en';
    const otherName = `index.${other}.html`;
    await mkdir(dir, { recursive: true });
    // The data last: who reads it finds pages at least as new.
    await replace(dir, otherName, renderPage(model, { lang: other, otherHref: 'index.html' }));
    await replace(dir, 'index.html', renderPage(model, { lang, otherHref: otherName }));
    await replace(dir, 'status.json', `${JSON.stringify({ schema: 'belay-status/1', ...model }, null, 2)}\n`);
    return join(dir, 'index.html');
  };
  return {
    publish: (model) => {
      const next = last.then(
        () => publish(model),
        () => publish(model),
      );
      last = next.catch(() => undefined);
      return next;
    },
  } satisfies StatusPage;
}

async function replace(dir: string, name: string, content: string): Promise<void> {
  const beside = join(dir, `.${name}.${process.pid}.tmp`);
  try {
    await rm(beside, { force: true });
    const file = await open(beside, 'wx');
    try {
      await file.writeFile(content, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, join(dir, name));
  } catch (cause) {
    // What could not be written may not be removable either; the first error is the one to tell.
    await rm(beside, { force: true }).catch(() => undefined);
    throw new BelayError('BELAY_CHANNEL_FAILED', `the status page ${join(dir, name)} cannot be written: ${String(cause)}`, {
      hint: 'Check the folder of the status page.',
      cause,
    });
  }
}
