// Message templates: Markdown parsed once, ICU variables filled into text nodes only, one form a channel.
import type { JsonObject } from '../domain/json.ts';
import type { Rendered } from '../domain/message.ts';
import type { Lang } from '../domain/system.ts';

export interface Renderer {
  /** @throws BELAY_TEMPLATE_INVALID for a missing variable or a link that is not https. The first heading or line is the subject. */
  render(source: string, o: { readonly lang: Lang; readonly zone: string; readonly values: JsonObject }): Rendered;
  /** Variables a template uses; for lint. @throws BELAY_TEMPLATE_INVALID with line and column in the message. */
  variables(source: string): readonly string[];
}
