// The page of triggers in shadow, and the form by which a person says of an episode that it was right or wrong.
import type { Context, Hono } from 'hono';
import { mayDo } from '../domain/authorization.ts';
import type { ApiDeps } from './api.ts';
import { shadowMarkBody } from './api-schemas.ts';
import { type Fields, oneOf, valid } from './form-fields.ts';
import type { AppEnv } from './guard.ts';
import type { Act, Screen } from './page-door.ts';
import { ownPath, pageContext } from './pages/context.ts';
import { episodeId, MOST_LISTED, shadowPage } from './pages/shadow-page.ts';
import { shadowReport } from './shadow.ts';

export function mountShadowPages(
  app: Hono<AppEnv>,
  deps: Pick<ApiDeps, 'world' | 'auth' | 'version' | 'commands'>,
  o: { readonly screen: Screen; readonly act: Act },
): void {
  const { world, commands } = deps;
  app.get('/shadow', (c) =>
    o.screen(c, 'getShadow', async (caller) => {
      const trigger = c.req.query('trigger')?.slice(0, 200) || undefined;
      const [context, report] = await Promise.all([pageContext(c, deps), shadowReport(world, { trigger, limit: MOST_LISTED })]);
      return shadowPage(context, { report, trigger, mayMark: mayDo('markShadow', caller).allowed, system: world.system });
    }),
  );
  app.post('/shadow/marks', async (c) => {
    const home = await backOf(c);
    return o.act(c, { operation: 'markShadow', remembered: true, home }, async (caller, form, key) => {
      const asked = { episode: oneOf(form, 'episode'), verdict: oneOf(form, 'verdict'), why: oneOf(form, 'why')?.trim() };
      await commands.markShadow(caller, { ...valid(shadowMarkBody, asked), key });
      return 'marked';
    });
  });
}

/** To the episode that was marked: the next one is below it. */
async function backOf(c: Context<AppEnv>): Promise<string> {
  const form = (await c.req.parseBody()) as Fields;
  const back = ownPath(oneOf(form, 'back'));
  return `${back.startsWith('/shadow') ? back : '/shadow'}#${episodeId(oneOf(form, 'episode') ?? '')}`;
}
